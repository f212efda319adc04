/**
 * What is published, as somebody gets it: the tarball in an empty project, its README as written, its types, its names.
 */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startPostgres, startRedis, waitFor, type PostgresServer, type RedisServer } from 'portal-test-kit';

const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));
const LARGEST_BYTES = 300_000;

/** The public names of each subpath, types too: a change here is a change for everybody who embeds us. */
const NAMES: Readonly<Record<string, string>> = {
  '.':
    'Answer CacheOptions CacheStatistics Cause CheckOptions DatabaseOptions DatabaseStatistics Door DoorOptions ' +
    'DoorPaths Effect Facts Failure Finding Health HealthOptions Inspection IntegrityState PROBLEMS Part Problem ' +
    'ProblemCode Question Report SamplingOptions SourceEvent SourceOptions SourceView State Status StatusChange ' +
    'Viewer createHealth respond verdict',
  './node': 'DoorOptions DoorPaths HealthDoor NodeRequest NodeResponse createHealthDoor',
  './express': 'DoorOptions DoorPaths HealthMiddleware healthMiddleware',
  './fastify':
    'DoorOptions DoorPaths FastifyInstanceLike FastifyReplyLike FastifyRequestLike HealthPluginOptions healthPlugin',
  './hono': 'DoorOptions DoorPaths HealthMiddleware HonoContext healthMiddleware',
  './koa': 'DoorOptions DoorPaths HealthMiddleware KoaContext healthMiddleware',
  './nest': 'DoorOptions DoorPaths HEALTH HealthModule HealthModuleOptions createHealthModule',
  './opentelemetry':
    'HealthObservation InstrumentOptions MeterLike ObserveOptions ObserverLike observeHealth',
};

const run = promisify(execFile);
let folder: string;
/** An empty project with the tarball and nothing else. */
let project: string;
/** Another one beside the drivers and frameworks that an application would have. */
let application: string;
let tarball: string;
let unpackedBytes: number;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portal-health-packaging-'));
  const packed = await run(process.execPath, [join(REPOSITORY, 'scripts/pack.mjs'), folder]);
  const [file = '', bytes] = packed.stdout.trim().split(' ');
  tarball = file;
  unpackedBytes = Number(bytes);
  project = join(folder, 'empty');
  application = join(folder, 'beside', 'application');
  for (const path of [project, application]) {
    await mkdir(path, { recursive: true });
    await writeFile(
      join(path, 'package.json'),
      '{ "name": "application", "private": true, "type": "module" }',
    );
    await npm(path, 'install', tarball, '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund');
  }
  // What is installed here stands in for `npm install fastify pg …`, so that no registry is asked.
  await symlink(join(REPOSITORY, 'node_modules'), join(folder, 'beside', 'node_modules'));
});

after(async () => {
  await rm(folder, { recursive: true, force: true });
});

function npm(cwd: string, ...args: readonly string[]): Promise<{ stdout: string }> {
  return run('npm', args, { cwd });
}

function tool(name: string, ...args: readonly string[]): Promise<{ stdout: string }> {
  return run(join(REPOSITORY, 'node_modules/.bin', name), args, { cwd: folder });
}

/** The blocks of TypeScript in a text, without the asterisks of a comment around it. */
function blocksIn(text: string): string[] {
  return [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, block = '']) =>
    block.replaceAll(/^ +\* ?/gm, ''),
  );
}

async function declarationsOf(subpath: string): Promise<string> {
  const installed = join(project, 'node_modules/portal-health');
  const { exports } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')) as {
    exports: Record<string, string>;
  };
  return readFile(join(installed, String(exports[subpath]).replace(/\.js$/, '.d.ts')), 'utf8');
}

test(`the tarball is at most ${LARGEST_BYTES} bytes unpacked`, (context) => {
  context.diagnostic(`portal-health unpacked: ${unpackedBytes} bytes`);
  assert.ok(unpackedBytes > 50_000 && unpackedBytes <= LARGEST_BYTES, `${unpackedBytes} bytes`);
});

test('publint and attw have nothing to say against it', async () => {
  await tool('publint', tarball, '--strict');
  await tool('attw', tarball, '--profile', 'esm-only');
});

test('installed alone, it is the only package there is', async () => {
  const { stdout } = await npm(project, 'ls', '--all', '--json');
  const { dependencies } = JSON.parse(stdout) as { dependencies: Record<string, { dependencies?: object }> };
  assert.deepEqual(Object.keys(dependencies), ['portal-health']);
  const manifest = JSON.parse(
    await readFile(join(project, 'node_modules/portal-health/package.json'), 'utf8'),
  ) as Record<string, unknown>;
  assert.equal(manifest['dependencies'], undefined);
  assert.equal(manifest['devDependencies'], undefined);
});

test('its command line runs', async () => {
  const { stdout } = await run(join(project, 'node_modules/.bin/portal-health'), ['--help']);
  assert.match(stdout, /portal-health/);
});

test('the public names are these, those that are values can be imported, and there is no other way in', async () => {
  for (const [subpath, names] of Object.entries(NAMES)) {
    const declared = namesIn(await declarationsOf(subpath));
    assert.deepEqual(declared, names.split(' '), subpath);
    const code = `console.log(Object.keys(await import('portal-health${subpath.slice(1)}')).join(' '))`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code], { cwd: project });
    const values = stdout.trim().split(' ');
    assert.ok(values.length > 0 && values.every((name) => declared.includes(name)), `${subpath}: ${stdout}`);
  }
  const inside = `import('portal-health/dist/src/health.js')`;
  await assert.rejects(
    run(process.execPath, ['--input-type=module', '-e', `await ${inside}`], { cwd: project }),
    {
      message: /ERR_PACKAGE_PATH_NOT_EXPORTED/,
    },
  );
});

/** Every exported name of a declaration file, in the order of the alphabet. */
function namesIn(declarations: string): string[] {
  const listed = [...declarations.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, list = '']) =>
    list.split(',').map((name) => name.trim().replace(/^type /, '')),
  );
  const declared = [
    ...declarations.matchAll(/^export (?:declare )?(?:function|const|class|interface|type) (\w+)/gm),
  ].map(([, name = '']) => name);
  return [...listed, ...declared].filter((name) => name !== '').toSorted();
}

test('a script that watches, closes and does nothing else ends by itself', async () => {
  const script = `
    import { createHealth } from 'portal-health';
    const health = createHealth({ checks: { queue: () => true }, source: { root: 'node_modules/portal-health' } });
    await health.start();
    await health.close();`;
  await run(process.execPath, ['--input-type=module', '-e', script], { cwd: project, timeout: 20_000 });
});

test('every adapter conforms as packed, too', { timeout: 120_000 }, async () => {
  const adapters = join(application, 'conformance/dist/test/adapters');
  await cp(join(REPOSITORY, 'packages/health/dist/test/adapters'), adapters, { recursive: true });
  // Where the tests look for the source, they find what was installed.
  const installed = join(application, 'node_modules/portal-health/dist/src');
  await symlink(installed, join(application, 'conformance/dist/src'));
  const files = ['node', 'express', 'fastify', 'hono', 'koa', 'nest'].map((name) =>
    join(adapters, `${name}.test.js`),
  );
  const { NODE_TEST_CONTEXT: _ours, ...environment } = process.env;
  const { stdout } = await run(
    process.execPath,
    ['--test', '--test-concurrency=1', '--test-reporter=tap', ...files],
    { cwd: application, env: environment, maxBuffer: 16 * 1024 * 1024 },
  ).catch((error: { stdout: string }) => assert.fail(error.stdout));
  assert.ok(Number(/^# pass (\d+)$/m.exec(stdout)?.[1]) > 100, stdout.slice(-300));
});

describe('types', () => {
  async function compiles(
    path: string,
    files: Readonly<Record<string, string>>,
    options = {},
  ): Promise<void> {
    const sources = join(path, 'sources');
    await mkdir(sources, { recursive: true });
    for (const [name, text] of Object.entries(files)) await writeFile(join(sources, name), text);
    const config = {
      compilerOptions: {
        module: 'nodenext',
        target: 'es2023',
        lib: ['es2023'],
        strict: true,
        exactOptionalPropertyTypes: true,
        noEmit: true,
        types: ['node'],
        typeRoots: [join(REPOSITORY, 'node_modules/@types')],
        ...options,
      },
      include: ['sources'],
    };
    await writeFile(join(path, 'tsconfig.json'), JSON.stringify(config));
    await tool('tsc', '-p', path).catch((error: { stdout: string }) => assert.fail(error.stdout));
  }

  test('every subpath compiles for somebody who has none of the frameworks and checks every declaration', async () => {
    const imports = Object.keys(NAMES).map((subpath, index) => {
      return `import * as subpath${index} from 'portal-health${subpath.slice(1)}';\nvoid subpath${index};`;
    });
    await compiles(project, { 'all.ts': imports.join('\n') }, { skipLibCheck: false });
  });

  test('every example of the README and of the public names compiles as written', async () => {
    const files: Record<string, string> = {};
    const readme = await readFile(join(project, 'node_modules/portal-health/README.md'), 'utf8');
    const texts: [string, string][] = [['README', readme]];
    for (const subpath of Object.keys(NAMES)) {
      if (subpath !== '.') texts.push([subpath.slice(2), await declarationsOf(subpath)]);
    }
    for (const room of ['health', 'respond', 'verdict', 'problems']) {
      const file = `node_modules/portal-health/dist/src/${room}.d.ts`;
      texts.push([room, await readFile(join(project, file), 'utf8')]);
    }
    for (const [name, text] of texts) {
      const blocks = blocksIn(text).filter((block) => block.includes('import '));
      assert.ok(blocks.length > 0, `${name} has an example`);
      for (const [index, block] of blocks.entries()) files[`${name}-${index}.mts`] = block;
    }
    // What is handed to a driver from the environment may be undefined, which drivers of Redis do not allow.
    const environment =
      'declare namespace NodeJS { interface ProcessEnv { REDIS_URL: string; DATABASE_URL: string } }';
    await compiles(application, { ...files, 'environment.d.ts': environment }, { skipLibCheck: true });
  });
});

describe('the README', () => {
  let postgres: PostgresServer;
  let redis: RedisServer;
  let environment: Record<string, string | undefined>;

  before(async () => {
    [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
    environment = {
      PATH: process.env['PATH'],
      DATABASE_URL: await postgres.createDatabase(),
      REDIS_URL: redis.url,
    };
  });

  after(async () => {
    await Promise.all([postgres.close(), redis.close()]);
  });

  test('each of its applications runs as written, but for the port', { timeout: 120_000 }, async () => {
    const readme = await readFile(join(project, 'node_modules/portal-health/README.md'), 'utf8');
    const applications = blocksIn(readme).filter((block) => block.includes('8080'));
    assert.equal(applications.length, 6, 'node and five frameworks');
    for (const [index, block] of applications.entries()) {
      const port = await freePort();
      const file = join(application, `application-${index}.mjs`);
      await writeFile(file, block.replace('8080', String(port)));
      const app = spawn(process.execPath, [file], { cwd: application, env: environment });
      let said = '';
      app.stderr.on('data', (bytes) => (said += String(bytes)));
      try {
        let status: unknown;
        await waitFor(
          'it to be healthy',
          async () => {
            assert.equal(app.exitCode, null, said);
            const report = await fetch(`http://localhost:${port}/health`).catch(() => undefined);
            status = ((await report?.json()) as { status?: string } | undefined)?.status;
            return status === 'healthy';
          },
          { timeoutMs: 20_000, everyMs: 100 },
        );
      } finally {
        app.kill('SIGKILL');
        if (app.exitCode === null && app.signalCode === null) await once(app, 'exit');
      }
    }
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
