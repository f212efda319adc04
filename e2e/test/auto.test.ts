/**
 * `node --import portal-health/auto`: the examples without a line of ours, and what else applications do.
 */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { rolldown } from 'rolldown';
import { startPostgres, startRedis, waitFor, type PostgresServer, type RedisServer } from 'portal-test-kit';
import { becomes, metrics, withApp as withAppIn, type App, type AppOptions } from './auto-app.js';
import { packLibrary, REPOSITORY } from './packed.js';

const EXAMPLES = ['express', 'fastify', 'hono', 'koa', 'nest', 'node'];
/** Nobody listens there. */
const NOWHERE = 'postgres://app@127.0.0.1:1/nowhere';

let postgres: PostgresServer;
let redis: RedisServer;
let folder: string;
let environment: Record<string, string>;

before(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  folder = await mkdtemp(join(tmpdir(), 'portal-auto-'));
  await symlink(join(REPOSITORY, 'node_modules'), join(folder, 'node_modules'));
  environment = {
    PATH: process.env['PATH'] ?? '',
    PORT: '0',
    PORTAL_HEALTH_PORT: '0',
    DATABASE_URL: await postgres.createDatabase(),
    REDIS_URL: redis.url,
  };
});

after(async () => {
  await Promise.all([postgres.close(), redis.close()]);
  await rm(folder, { recursive: true, force: true });
});

function withApp(
  file: string,
  work: (app: App) => Promise<void>,
  { env = {}, cwd = folder, ...options }: Partial<AppOptions> = {},
): Promise<void> {
  return withAppIn(file, work, { ...options, cwd, env: { ...environment, ...env } });
}

/** An example as it would be without us. */
function withoutHealth(example: string): string {
  const application = example
    .replaceAll(/^import .* from 'portal-[^']*';\n/gm, '')
    .replaceAll(/^const (health|handler) = [^]*?\);\n/gm, '')
    .replaceAll(/^await health\.start\(\);\n|^health\.drain\(\);\n/gm, '')
    .replaceAll(/^app\.use\(healthMiddleware.*\);\n|^app\.addHook\('preClose'.*\);\n/gm, '')
    .replaceAll(/^await app\.register\(healthPlugin[^]*?^\}\);\n/gm, '')
    .replaceAll(/^ *createHealthModule\([^]*?^ {4}\}\),\n/gm, '')
    .replaceAll(/^ *if \(handler\(.*return;\n/gm, '')
    .replaceAll('health.close(), ', '');
  assert.doesNotMatch(application.replaceAll(/^\/\/.*$/gm, ''), /portal|health/i);
  return application;
}

for (const name of EXAMPLES) {
  test(
    `the example ${name} without a line of ours, also while Postgres is down`,
    { timeout: 120_000 },
    async () => {
      const file = `${name}.mjs`;
      await writeFile(
        join(folder, file),
        withoutHealth(await readFile(join(REPOSITORY, 'examples', file), 'utf8')),
      );
      await withApp(file, async (app) => {
        const { database, cache, db_statistics: pool, errors } = await becomes(app, 'healthy');
        assert.deepEqual([database, cache, errors], [true, true, []]);
        assert.equal(pool.size, 10);
        for (const path of ['/livez', '/readyz', '/startupz', '/metrics']) {
          assert.equal((await fetch((await app.url()) + path)).status, 200, path);
        }
        await waitFor('the application', () => app.said().includes('Listening on '));
        assert.equal(app.lines().length, 1);
      });
      const down = { DATABASE_URL: NOWHERE };
      await withApp(
        file,
        async (app) => {
          const report = await becomes(app, 'unhealthy');
          await waitFor('the cache', async () => (await app.report()).cache === true);
          assert.deepEqual([report.database, report.httpStatus], [false, 503]);
          await waitFor('the cause', async () =>
            (await app.report()).errors.join().includes('DATABASE_UNREACHABLE'),
          );
        },
        { env: down },
      );
    },
  );
}

describe('an application', () => {
  async function write(file: string, text: string): Promise<string> {
    await writeFile(join(folder, file), text);
    return file;
  }

  const POOL = `const { Pool } = require('pg'); const pool = new Pool({ connectionString: process.env.DATABASE_URL });`;
  const STAY = `require('node:net').createServer().listen(0);`;

  test('in CommonJS, by --require or by NODE_OPTIONS', async () => {
    const file = await write('common.cjs', POOL + STAY);
    await withApp(file, async (app) => void (await becomes(app, 'healthy')), {
      args: ['--require', 'portal-health/auto'],
    });
    const env = { NODE_OPTIONS: '--import portal-health/auto' };
    await withApp(file, async (app) => void (await becomes(app, 'healthy')), { args: [], env });
  });

  test('as packed, by both formats', { timeout: 120_000 }, async () => {
    const packed = await packLibrary();
    try {
      const cwd = packed.application;
      await writeFile(join(cwd, 'packed.cjs'), POOL + STAY);
      for (const args of [['--import'], ['--require'], ['--import', 'portal-health/auto', '--require']]) {
        await withApp(
          'packed.cjs',
          async (app) => {
            assert.equal((await becomes(app, 'healthy')).database, true);
            assert.equal(app.lines().length, 1, 'two copies are one');
          },
          { args: [...args, 'portal-health/auto'], cwd },
        );
      }
    } finally {
      await packed.close();
    }
  });

  test('that has nothing left to do ends as it would have', async () => {
    const file = await write(
      'ends.cjs',
      `${POOL} setTimeout(() => pool.query('SELECT 1').then(() => pool.end()), 1500);`,
    );
    await withApp(file, async (app) => {
      await app.url();
      // A connection that a client keeps open does not keep it either.
      await app.report();
      assert.equal(await app.exit(), 0);
    });
  });

  test('of which another process has the port works on, and says so', async () => {
    const file = await write('port.cjs', `${POOL} ${STAY} setInterval(() => console.log('works'), 200);`);
    await withApp(file, async (first) => {
      const port = new URL(await first.url()).port;
      await withApp(
        file,
        async (second) => {
          await waitFor('a line', () => second.lines().length > 0);
          assert.match(second.lines()[0] ?? '', /is not watched, as it cannot listen at .* \(EADDRINUSE\)/);
          const length = second.said().length;
          await waitFor('it to work on', () => second.said().length > length);
        },
        { env: { PORTAL_HEALTH_PORT: port } },
      );
    });
  });

  test('of several processes: the first worker takes the port, the other says so', async () => {
    const file = await write(
      'cluster.cjs',
      `const cluster = require('node:cluster');
      if (cluster.isPrimary) { cluster.fork(); cluster.fork(); } else { ${POOL} ${STAY} }`,
    );
    const spare = await write('spare.cjs', POOL + STAY);
    let port = '';
    // A port that was free a moment ago.
    await withApp(spare, async (app) => void (port = new URL(await app.url()).port));
    await withApp(
      file,
      async (app) => {
        await waitFor('both workers to say something', () => app.lines().length === 2);
        assert.equal((await becomes(app, 'healthy')).database, true);
        assert.equal(app.lines().filter((line) => line.includes('EADDRINUSE')).length, 1);
      },
      { env: { PORTAL_HEALTH_PORT: port } },
    );
  });

  test('with several pools, one that comes later and one that is ended', async () => {
    const file = await write(
      'pools.cjs',
      `${POOL} ${STAY} const { Redis } = require('ioredis');
      for (let i = 0; i < 3; i += 1) new Redis(process.env.REDIS_URL);
      let second;
      setTimeout(() => { second = new Pool({ connectionString: process.env.DATABASE_URL, max: 3 }); }, 1500);
      setTimeout(() => pool.end(), 6000);`,
    );
    await withApp(file, async (app) => {
      const { cache } = await becomes(app, 'healthy');
      assert.equal(cache, true);
      await waitFor('the second pool', async () => (await metrics(app)).includes('part="database-2"'), {
        timeoutMs: 15_000,
      });
      assert.doesNotMatch(await metrics(app), /part="cache-2"|127\.0\.0\.1/);
      await waitFor('the first one to be gone', async () => (await app.report()).db_statistics.size === 3, {
        timeoutMs: 20_000,
      });
      assert.equal((await app.report()).status, 'healthy');
    });
  });

  test('with Knex, which makes single connections of its own', async () => {
    const file = await write(
      'knex.cjs',
      `const db = require('knex')({ client: 'pg', connection: process.env.DATABASE_URL });
      setInterval(() => db.raw('SELECT 1').then(() => undefined), 300);`,
    );
    await withApp(file, async (app) => {
      const { database, db_statistics: pool } = await becomes(app, 'healthy');
      assert.deepEqual([database, pool.size], [true, null]);
    });
  });

  test('whose drivers are in a bundle, or unknown, is told that nothing was found, and is not healthy', async () => {
    await write(
      'bundle-me.mjs',
      `import pg from 'pg'; import net from 'node:net'; new pg.Pool(); net.createServer().listen(0);`,
    );
    const bundle = await rolldown({
      input: join(folder, 'bundle-me.mjs'),
      platform: 'node',
      logLevel: 'silent',
    });
    await bundle.write({ file: join(folder, 'bundled.mjs'), format: 'esm' });
    await bundle.close();
    await withApp('bundled.mjs', async (app) => {
      const { errors, httpStatus } = await becomes(app, 'degraded');
      assert.deepEqual([errors.length, httpStatus], [1, 200]);
      assert.match(errors[0] ?? '', /CHECK_FAILED/);
      assert.match(app.lines()[0] ?? '', /has found no pool .* cannot see into bundles/);
    });
  });

  test(
    'that comes to its drivers late is told of each, once; the port is the same',
    { timeout: 60_000 },
    async () => {
      // What counts is the name of the package that is loaded.
      for (const [name, index] of [
        ['mongodb', 'index.js'],
        ['@libsql/client', 'lib-cjs/node.js'],
        ['redis', 'index.js'],
      ] as const) {
        const place = join(folder, 'late/node_modules', name);
        await mkdir(dirname(join(place, index)), { recursive: true });
        await writeFile(join(place, 'package.json'), JSON.stringify({ name, main: index }));
        await writeFile(join(place, index), '');
      }
      await write(
        'late/late.cjs',
        `${STAY}
      setTimeout(() => { require('mongodb'); require('@libsql/client'); }, 4500);
      setTimeout(() => { ${POOL} require('redis'); global.pool = pool; }, 7000);
      setTimeout(() => { require('redis'); require('mongodb'); }, 9000);
      setTimeout(() => console.log('all is loaded'), 10000);`,
      );
      await withApp('late/late.cjs', async (app) => {
        const url = await app.url();
        await becomes(app, 'degraded');
        await waitFor('all of it', () => app.said().includes('all is loaded'), { timeoutMs: 40_000 });
        const { database } = await becomes(app, 'healthy');
        assert.deepEqual([database, await app.url()], [true, url]);
        const [nothing, drivers, pool, ...more] = app.lines();
        assert.match(nothing ?? '', /has found no pool/);
        assert.match(drivers ?? '', /^portal-health: Not watched, .*: mongodb, @libsql\/client\.$/);
        assert.match(pool ?? '', /watches database \(pg, .*\)\. Not watched, .*: redis before version 4\.$/);
        assert.deepEqual(more, []);
      });
    },
  );

  test('whose password nobody has escaped has no piece of it in the log', async () => {
    const file = await write('password.cjs', POOL + STAY);
    await withApp(
      file,
      async (app) => {
        await app.url();
        assert.doesNotMatch(app.lines().join('\n'), /p@ss|\bss\b|\bwo\b|rd@/);
      },
      { env: { DATABASE_URL: 'postgres://app:p@ss/wo#rd@127.0.0.1:1/db' } },
    );
  });

  test('with threads that have no store says nothing of them; a port that is none is told', async () => {
    const file = await write(
      'threads.cjs',
      `${POOL} ${STAY} const { Worker } = require('node:worker_threads');
      new Worker('setTimeout(() => undefined, 60000)', { eval: true });`,
    );
    await withApp(file, async (app) => {
      await becomes(app, 'healthy');
      assert.equal(app.lines().length, 1);
    });
    await withApp(
      file,
      async (app) => {
        await waitFor('a line', () => app.lines().length > 0);
        assert.match(
          app.lines()[0] ?? '',
          /PORTAL_HEALTH_PORT must be a number from 0 to 65535, got "web"; it takes 7332/,
        );
      },
      { env: { PORTAL_HEALTH_PORT: 'web' } },
    );
  });
});
