/**
 * The recipes: every one compiles against the packages that it names, and runs against real stores.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { startPostgres, startRedis, waitFor, type PostgresServer, type RedisServer } from 'portal-test-kit';
import type { Report } from 'portal-health';
import { compile, openRecipes, RECIPES, type RecipesFolder } from './recipes-folder.js';

const FILES = readdirSync(RECIPES).filter((name) => name !== 'package.json');
const LONGEST_LINES = 60;

interface Shows {
  /** What of `db_statistics.size`; `undefined` without a database. */
  readonly size?: number;
  /** Names of the parts beside the first database and cache. */
  readonly parts?: readonly string[];
}

const RUN: Readonly<Record<string, Shows>> = {
  'commonjs.cjs': { size: 10 },
  'nest.ts': { size: 10 },
  'hapi.mjs': { size: 10 },
  'typeorm.ts': { size: 10 },
  'drizzle.mjs': { size: 10 },
  'kysely.mjs': { size: 10 },
  'prisma.ts': { size: 10 },
  'knex.mjs': { size: 8 },
  'sequelize.mjs': { size: 8 },
  'bullmq.mjs': { parts: ['mails'] },
  'listen-first.mjs': { size: 10 },
  'several-pools.mjs': { size: 20, parts: ['reports', 'sessions'] },
  'read-replicas.mjs': { size: 10, parts: ['replica-1'] },
  'several-processes.mjs': { size: 10 },
  'opentelemetry.cjs': { size: 10 },
};

let recipes: RecipesFolder;
let postgres: PostgresServer;
let redis: RedisServer;
let environment: Record<string, string>;

before(
  async () => {
    [recipes, postgres, redis] = await Promise.all([openRecipes(), startPostgres(), startRedis()]);
    await compile(recipes.path, FILES);
    const database = await postgres.createDatabase();
    environment = {
      PATH: process.env['PATH'] ?? '',
      PORT: '0',
      APP_PORT: '0',
      DATABASE_URL: database,
      REPLICA_URLS: database,
      REDIS_URL: redis.url,
      OTEL_TRACES_EXPORTER: 'console',
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_LOGS_EXPORTER: 'none',
    };
  },
  { timeout: 480_000 },
);

after(async () => {
  await Promise.all([recipes?.close(), postgres?.close(), redis?.close()]);
});

test('every recipe is run, and is short enough to copy', () => {
  assert.deepEqual(FILES.toSorted(), Object.keys(RUN).toSorted());
  for (const file of FILES) {
    const lines = readFileSync(join(RECIPES, file), 'utf8').split('\n').length;
    assert.ok(lines <= LONGEST_LINES, `${file} has ${lines} lines`);
  }
});

for (const [file, { size, parts = [] }] of Object.entries(RUN)) {
  test(file, { timeout: 120_000 }, async () => {
    const script = file.endsWith('.ts') ? `built/${file.replace(/ts$/, 'js')}` : file;
    const app = spawn(process.execPath, [join(recipes.path, script)], {
      cwd: recipes.path,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [app.stdout, app.stderr]) {
      createInterface(stream).on('line', (line) => (said += `${line}\n`));
    }
    const url = (): string | undefined => /Health on (http:\S+)\/health/.exec(said)?.[1];
    try {
      await waitFor('its health to be served', () => url() !== undefined || app.exitCode !== null, {
        timeoutMs: 60_000,
      });
      assert.ok(url(), said);
      let report: Report | undefined;
      await waitFor(
        'it to be healthy',
        async () => {
          report = (await (await fetch(`${url()}/health`)).json()) as Report;
          return report.status === 'healthy' && (size === undefined || report.db_statistics.size !== null);
        },
        { timeoutMs: 30_000, everyMs: 100 },
      );
      assert.equal(report?.db_statistics.size ?? undefined, size, said);
      assert.equal(report?.database, size === undefined ? null : true);
      const metrics = await (await fetch(`${url()}/metrics`)).text();
      for (const part of parts) assert.match(metrics, new RegExp(`portal_health_up\\{part="${part}"\\} 1`));
      if (file === 'opentelemetry.cjs') {
        await waitFor('a span of the application', () => said.includes("name: 'pg.query:SELECT"), {
          timeoutMs: 30_000,
        });
        assert.doesNotMatch(said, /SHOW|name: 'INFO'|name: 'info'/);
      }
    } catch (error) {
      throw new Error(`It said:\n${said}`, { cause: error });
    } finally {
      app.kill('SIGTERM');
      setTimeout(() => app.kill('SIGKILL'), 2_000).unref();
      if (app.exitCode === null && app.signalCode === null) await once(app, 'exit');
    }
  });
}
