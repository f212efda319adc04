import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { isRunning } from 'portal-test-kit';
import { findRedisProgram } from '../src/redis-program.js';
import { type EmbeddedRedis, startEmbeddedRedis } from '../src/redis.js';
import { CHECKOUT_DATA, makeDataDir } from './folders.js';
import { userOf } from './process-status.js';

const run = promisify(execFile);

/** A data folder for itself, with the Redis that this checkout fetches once. */
async function makeRedisDataDir(t: TestContext): Promise<string> {
  const dataDir = await makeDataDir(t);
  const folder = join(CHECKOUT_DATA, 'redis');
  assert.ok(await findRedisProgram({ folder, fetch: true, announce: (line) => t.diagnostic(line) }));
  await mkdir(join(dataDir, 'redis'));
  await symlink(join(CHECKOUT_DATA, 'redis', 'programs'), join(dataDir, 'redis', 'programs'));
  return dataDir;
}

async function start(t: TestContext, dataDir: string): Promise<EmbeddedRedis> {
  const redis = await startEmbeddedRedis({ dataDir, fetch: true, announce: assert.fail });
  assert.ok(redis);
  t.after(() => redis.close());
  return redis;
}

async function command(url: string, name: string, ...args: readonly string[]): Promise<unknown> {
  const client = new Redis(url, {
    lazyConnect: true,
    enableReadyCheck: false,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await client.call(name, ...args);
  } finally {
    client.disconnect();
  }
}

async function isInstalled(): Promise<boolean> {
  const path = `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;
  return run('sh', ['-c', 'command -v redis-server || command -v valkey-server'], {
    env: { PATH: path },
  }).then(
    () => true,
    () => false,
  );
}

test('It is a Redis with a password nobody else can read, which keeps nothing and leaves nothing.', async (t) => {
  const dataDir = await makeRedisDataDir(t);
  const redis = await start(t, dataDir);
  const { url, pid } = redis;
  assert.equal(await command(url, 'PING'), 'PONG');
  assert.deepEqual(await command(url, 'CONFIG', 'GET', 'maxmemory-policy'), [
    'maxmemory-policy',
    'allkeys-lru',
  ]);
  assert.deepEqual(await command(url, 'CONFIG', 'GET', 'bind'), ['bind', '127.0.0.1']);
  const { password, port } = new URL(url);
  const stranger = connect(Number(port), '127.0.0.1', () => stranger.write('PING\r\n'));
  const [reply] = (await once(stranger, 'data')) as [Buffer];
  stranger.destroy();
  assert.match(reply.toString(), /^-NOAUTH/);
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8');
  assert.equal(commandLine.includes(password), false);
  const us = process.getuid?.();
  const user = (await userOf(pid)) ?? 0;
  assert.ok(us === 0 ? user >= 60_706 && user <= 61_183 : user === us, `it runs as ${user}`);
  await redis.close();
  assert.equal(await isRunning(pid), false);
  assert.deepEqual(
    (await readdir(join(dataDir, 'redis'))).filter((name) => name.startsWith('run-')),
    [],
  );
});

test('Two services can share a data folder: each has a Redis of its own.', async (t) => {
  const dataDir = await makeRedisDataDir(t);
  const [one, two] = await Promise.all([start(t, dataDir), start(t, dataDir)]);
  await command(one.url, 'SET', 'mine', '1');
  assert.equal(await command(two.url, 'DBSIZE'), 0);
});

test('Where there is none and none may be fetched, there is none, and one line says what to do.', async (t) => {
  const said: string[] = [];
  const dataDir = await makeDataDir(t);
  const redis = await startEmbeddedRedis({ dataDir, fetch: false, announce: (line) => said.push(line) });
  await redis?.close();
  if (await isInstalled()) return assert.ok(redis);
  assert.equal(redis, undefined);
  assert.deepEqual(said, [
    'No redis-server or valkey-server was found, so there is no cache. ' +
      'Install redis-server or valkey-server, or set REDIS_URL.',
  ]);
});

test('A fetch that fails is no reason to fail: there is none then, and the reason is said.', async (t) => {
  const dataDir = await makeDataDir(t);
  const bin = await makeDataDir(t);
  await writeFile(join(bin, 'apt-get'), '#!/bin/sh\necho "E: no route to the mirror" >&2\nexit 100\n', {
    mode: 0o755,
  });
  const path = process.env['PATH'];
  t.after(() => {
    process.env['PATH'] = path;
  });
  process.env['PATH'] = `${bin}:${path}`;
  const said: string[] = [];
  const redis = await startEmbeddedRedis({ dataDir, fetch: true, announce: (line) => said.push(line) });
  await redis?.close();
  if (await isInstalled()) return assert.ok(redis);
  assert.equal(redis, undefined);
  assert.equal(said.length, 2);
  assert.match(said[0] ?? '', /^No redis-server or valkey-server was found: fetching Redis into .*, once …$/);
  assert.equal(
    said[1],
    'Redis could not be fetched (E: no route to the mirror), so there is no cache. ' +
      'Install redis-server or valkey-server, or set REDIS_URL.',
  );
});

test('A data folder that cannot be written to means no cache, not an error.', async () => {
  const said: string[] = [];
  const redis = await startEmbeddedRedis({
    dataDir: '/proc/portal',
    fetch: false,
    announce: (line) => said.push(line),
  });
  assert.equal(redis, undefined);
  assert.match(said.join('\n'), /^The data folder \/proc\/portal cannot be written to \(ENOENT\)/);
});
