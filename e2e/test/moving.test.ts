/**
 * docs/moving.md as it stands: every program in it runs; and the indicators of three versions of @nestjs/terminus, by way
 * of Nest itself.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { waitFor } from 'portal-test-kit';
import { execute, REPOSITORY } from './packed.js';
import { compile, openRecipes, type RecipesFolder } from './recipes-folder.js';

const PROGRAMS = 8;
const TERMINUS = ['nestjs-terminus-10', '@nestjs/terminus', 'nestjs-terminus-12'];

let folder: RecipesFolder;

before(
  async () => {
    folder = await openRecipes();
  },
  { timeout: 480_000 },
);

after(() => folder?.close());

test('every program of docs/moving.md runs as written, but for its ports', { timeout: 240_000 }, async () => {
  const page = await readFile(join(REPOSITORY, 'docs/moving.md'), 'utf8');
  const blocks = [...page.matchAll(/```(js|ts)\n([^]*?)```/g)];
  assert.equal(blocks.length, PROGRAMS);
  const programs = await Promise.all(
    blocks.map(async ([, language, text = ''], index) => {
      const port = await freePort();
      const other = await freePort();
      const script = text.replaceAll('8080', String(port)).replaceAll('9000', String(other));
      const name = `moving-${index}.${language === 'ts' ? 'ts' : 'mjs'}`;
      await writeFile(join(folder.path, name), script);
      const url = /curl (http:\S+)/.exec(script)?.[1] ?? assert.fail(`Program ${index} says no URL`);
      return { name, url };
    }),
  );
  await compile(
    folder.path,
    programs.map(({ name }) => name),
  );
  for (const { name, url } of programs) {
    const file = name.endsWith('.ts') ? `built/${name.replace(/ts$/, 'js')}` : name;
    const child = spawn(process.execPath, [join(folder.path, file)], { cwd: folder.path });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (said += String(bytes)));
    try {
      await waitFor(
        `${name} to answer at ${url}`,
        async () => {
          assert.equal(child.exitCode, null, said);
          return (await fetch(url).catch(() => undefined))?.status === 200;
        },
        { timeoutMs: 30_000, everyMs: 100 },
      );
    } finally {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
  }
});

for (const name of TERMINUS) {
  test(`indicators of ${name} are checks`, { timeout: 60_000 }, async () => {
    const server = createServer((_request, response) => response.end('here')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    try {
      const script = join(folder.path, 'indicators.mjs');
      await writeFile(script, indicatorsOf(name, `http://127.0.0.1:${port}/`));
      const { stdout } = await execute(process.execPath, [script], { cwd: folder.path });
      const { states, errors, causes } = JSON.parse(stdout.slice(stdout.indexOf('{'))) as {
        states: Record<string, string>;
        errors: string[];
        causes: string[];
      };
      assert.deepEqual(states, {
        memory_heap: 'up',
        memory_rss: 'down',
        storage: 'up',
        local: 'up',
        gone: 'down',
        own: 'down',
        ping: 'up',
      });
      assert.doesNotMatch(errors.join(), /127\.0\.0\.1|secret/);
      assert.match(causes.join(), /secret words/);
    } finally {
      server.close();
    }
  });
}

/** A program that asks real indicators once and prints what became of them. */
function indicatorsOf(terminus: string, url: string): string {
  return `
    import 'reflect-metadata';
    import { connect } from 'node:net';
    import { HttpModule } from '@nestjs/axios';
    import { Module } from '@nestjs/common';
    import { NestFactory } from '@nestjs/core';
    import * as terminus from '${terminus}';
    import { createHealth } from 'portal-health';
    import { fromTerminus } from 'portal-health/terminus';
    class AppModule {}
    Module({ imports: [terminus.TerminusModule, HttpModule] })(AppModule);
    const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
    const memory = await app.resolve(terminus.MemoryHealthIndicator);
    const disk = await app.resolve(terminus.DiskHealthIndicator);
    const http = await app.resolve(terminus.HttpHealthIndicator);
    const own = terminus.HealthIndicatorService
      ? (await app.resolve(terminus.HealthIndicatorService)).check('own').down('secret words')
      : undefined;
    class OwnHealthIndicator {
      async isHealthy(key) {
        if (own) return own;
        throw new terminus.HealthCheckError('failed', { [key]: { status: 'down', message: 'secret words' } });
      }
    }
    // A microservice, asked by hand.
    const ping = () => new Promise((resolve, reject) => {
      const socket = connect(new URL('${url}').port, '127.0.0.1', () => { socket.destroy(); resolve({ ping: { status: 'up' } }); });
      socket.on('error', reject);
    });
    const causes = [];
    const health = createHealth({
      checks: fromTerminus([
        () => memory.checkHeap('memory_heap', 2 ** 40),
        () => memory.checkRSS('memory_rss', 1),
        () => disk.checkStorage('storage', { path: '/', thresholdPercent: 1 }),
        () => http.pingCheck('local', '${url}'),
        () => http.pingCheck('gone', 'http://127.0.0.1:1/'),
        new OwnHealthIndicator(),
        ping,
      ], { deadlineMs: 10_000 }),
      onFailure: ({ cause }) => causes.push(cause?.message ?? ''),
    });
    await health.start();
    const states = Object.fromEntries(health.snapshot().components.map(({ name, state }) => [name, state.replace('slow', 'up')]));
    console.log(JSON.stringify({ states, errors: health.report('admin').errors, causes }));
    await health.close();
    await app.close();`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
