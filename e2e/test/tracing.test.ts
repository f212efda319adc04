/**
 * An application with OpenTelemetry's own instrumentation of `pg`: its queries make spans, ours do not (E-20). Nor does
 * what a check of the application's does, by whatever instrumentation.
 */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { runScript, startPostgres } from 'portal-test-kit';

const APPLICATION = `
const { NodeTracerProvider, SimpleSpanProcessor, InMemorySpanExporter } = require('@opentelemetry/sdk-trace-node');
const { registerInstrumentations } = require('@opentelemetry/instrumentation');
const { PgInstrumentation } = require('@opentelemetry/instrumentation-pg');
const { trace } = require('@opentelemetry/api');
const exporter = new InMemorySpanExporter();
new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register();
registerInstrumentations({ instrumentations: [new PgInstrumentation()] });
const { Pool } = require('pg');

(async () => {
  const { createHealth } = await import('portal-health');
  const tracer = trace.getTracer('app');
  const pool = new Pool({ connectionString: process.env.DATABASE_URL });
  let runs = 0;
  const health = createHealth({
    database: { pool, intervalMs: 20, idleIntervalMs: 20, deadlineMs: 5_000, writes: { intervalMs: 20 } },
    checks: {
      queue: {
        intervalMs: 20,
        idleIntervalMs: 20,
        async check() {
          const span = tracer.startSpan('the check itself');
          await pool.query('SELECT 2');
          span.end();
          return true;
        },
      },
    },
  });
  health.onRun(({ outcome }) => (runs += outcome === 'up' ? 1 : 0));
  await health.start();
  while (runs < 20) await new Promise((resolve) => setTimeout(resolve, 20));
  const quiet = exporter.getFinishedSpans().map(({ name }) => name);
  // The application's own goes on being traced, also after the pool was used by a check.
  await tracer.startActiveSpan('a request', async (span) => {
    await pool.query('SELECT 1');
    span.end();
  });
  const own = exporter.getFinishedSpans().map(({ name }) => name);
  await health.close();
  await pool.end();
  console.log(JSON.stringify({ quiet, own, runs }));
})();
`;

test('twenty runs of the probes make no span, and the application’s own queries do', async () => {
  const postgres = await startPostgres();
  try {
    const { stdout, stderr } = await runScript('-e', [APPLICATION], {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      env: { DATABASE_URL: await postgres.createDatabase() },
    });
    const said = JSON.parse(stdout || '{}') as { quiet?: string[]; own?: string[]; runs?: number };
    assert.deepEqual(said.quiet, [], stderr);
    assert.ok((said.runs ?? 0) >= 20);
    assert.ok(said.own?.includes('a request') && said.own.some((name) => name.startsWith('pg.query')));
  } finally {
    await postgres.close();
  }
});

const ROUTES = `
const { NodeTracerProvider } = require('@opentelemetry/sdk-trace-node');
const { registerInstrumentations } = require('@opentelemetry/instrumentation');
const { PgInstrumentation } = require('@opentelemetry/instrumentation-pg');
const { context, trace } = require('@opentelemetry/api');
const { setRPCMetadata, RPCType } = require('@opentelemetry/core');
if (process.env.WITH_SDK) {
  new NodeTracerProvider().register();
  registerInstrumentations({ instrumentations: [new PgInstrumentation()] });
}
const { Pool } = require('pg');

(async () => {
  const { createHealth } = await import('portal-health');
  const tracer = trace.getTracer('app');
  const route = { attributes: { 'http.route': '/orders/:id' } };
  /** By the span of the route itself, or by one within it: that of the request gets its route only at its end. */
  const TAKES = {
    itself: (take) => tracer.startActiveSpan('a handler', route, take),
    within: (take) =>
      tracer.startActiveSpan('a request', (span) => {
        const metadata = { type: RPCType.HTTP, span };
        return context.with(setRPCMetadata(context.active(), metadata), () => {
          metadata.route = '/orders/:id/late';
          return tracer.startActiveSpan('something within', take);
        });
      }),
  };
  const said = {};
  const OPTIONS = { describe: { describe: true }, sites: { sites: true }, times: {} };
  const cases = Object.keys(TAKES).flatMap((how) => Object.keys(OPTIONS).map((given) => [how, given]));
  await Promise.all(
    cases.map(async ([how, given]) => {
      const pool = new Pool({ connectionString: process.env.DATABASE_URL });
      const explain = { holderAfterMs: 100, ...OPTIONS[given] };
      const health = createHealth({ database: { pool, deadlineMs: 20_000, slowMs: 60_000, explain } });
      await health.start();
      const client = await TAKES[how](() => pool.connect());
      const leak = () => health.reasons('admin').find(({ code }) => code === 'CONNECTION_LEAK');
      for (let turn = 0; turn < 600 && !leak(); turn += 1) await new Promise((resolve) => setTimeout(resolve, 50));
      said[how + ' ' + given] = leak() ? leak().figures.label ?? null : 'no reason';
      client.release();
      await health.close();
      await pool.end();
    }),
  );
  console.log(JSON.stringify(said));
})();
`;

test('who takes a connection is the route of the active span, of a real SDK, and nobody where there is none', async () => {
  const postgres = await startPostgres();
  try {
    const cwd = fileURLToPath(new URL('../..', import.meta.url));
    const database = await postgres.createDatabase();
    const run = async (env: Readonly<Record<string, string>>): Promise<unknown> => {
      const { stdout, stderr } = await runScript('-e', [ROUTES], {
        cwd,
        env: { DATABASE_URL: database, ...env },
      });
      assert.notEqual(stdout, '', stderr);
      return JSON.parse(stdout);
    };
    assert.deepEqual(await run({ WITH_SDK: '1' }), {
      'itself describe': '/orders/:id',
      'itself sites': '/orders/:id',
      'itself times': null,
      'within describe': '/orders/:id/late',
      'within sites': '/orders/:id/late',
      'within times': null,
    });
    assert.deepEqual(new Set(Object.values((await run({})) as object)), new Set([null]));
  } finally {
    await postgres.close();
  }
});
