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
