import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { Redis } from 'ioredis';
import pg from 'pg';
import { startPostgres, startRedis, waitFor, type PostgresServer, type RedisServer } from 'portal-test-kit';
import { observeHealth } from '../../src/adapters/opentelemetry.js';
import { metricsText } from '../../src/http/formats/openmetrics.js';
import { createHealth, type Health } from '../../src/index.js';

const SAMPLING = { intervalMs: 300, deadlineMs: 500, slowMs: 60_000 };

let postgres: PostgresServer;
let redis: RedisServer;
let pool: pg.Pool;
let client: Redis;
let health: Health;
// With cumulative temporality the SDK repeats what was last observed, against its specification.
const exporter = new InMemoryMetricExporter(AggregationTemporality.DELTA);
const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
const provider = new MeterProvider({ readers: [reader] });

before(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  pool = new pg.Pool({ connectionString: await postgres.createDatabase(), max: 5 });
  pool.on('error', () => undefined);
  client = new Redis(redis.url, { lazyConnect: true });
  health = createHealth({ database: { pool, ...SAMPLING }, cache: { client, ...SAMPLING } });
  await health.start();
});

after(async () => {
  await health.close();
  await provider.shutdown();
  client.disconnect();
  await pool.end();
  await Promise.all([postgres.close(), redis.close()]);
});

/** What one collection exports: a line a point, as `name{key=value,…} value`, and the units by name. */
async function collect(): Promise<{ points: Map<string, number>; units: Map<string, string> }> {
  exporter.reset();
  await reader.forceFlush();
  const points = new Map<string, number>();
  const units = new Map<string, string>();
  for (const { scopeMetrics } of exporter.getMetrics()) {
    for (const { descriptor, dataPoints } of scopeMetrics.flatMap(({ metrics }) => metrics)) {
      units.set(descriptor.name, descriptor.unit);
      for (const { attributes, value } of dataPoints) {
        const labels = Object.entries(attributes).map(([key, label]) => `${key}=${String(label)}`);
        points.set([descriptor.name, ...labels].join(' '), Number(value));
      }
    }
  }
  return { points, units };
}

test('the real SDK exports the facts by their conventional names and units', async () => {
  const observation = observeHealth(health, { meter: provider.getMeter('test') });
  const held = await pool.connect();
  const { points, units } = await collect();
  held.release();
  assert.equal(points.get('portal.health.status status=healthy'), 1);
  assert.equal(points.get('portal.health.status status=unhealthy'), 0);
  assert.equal(points.get('portal.health.up part=database'), 1);
  assert.equal(points.get('portal.health.problem code=DATABASE_TIMEOUT'), 0);
  const database = 'db.client.connection.pool.name=database';
  assert.equal(points.get(`db.client.connection.count ${database} db.client.connection.state=used`), 1);
  assert.equal(points.get(`db.client.connection.count ${database} db.client.connection.state=idle`), 0);
  assert.equal(points.get(`db.client.connection.max ${database}`), 5);
  assert.equal(points.get(`db.client.connection.pending_requests ${database}`), 0);
  assert.ok((points.get('portal.cache.memory_usage') ?? 0) > 100_000);
  assert.equal(units.get('db.client.connection.count'), '{connection}');
  assert.equal(units.get('portal.health.latency'), 's');
  assert.equal(units.get('portal.cache.memory_usage'), 'By');
  observation.close();
});

test('every metric of GET /metrics is among them, but for the start time and what the resource says', async () => {
  const observation = observeHealth(health, { meter: provider.getMeter('test') });
  const { runs } = health.snapshot();
  await waitFor('a run to be recorded', () => health.snapshot().runs[0]?.sumS !== runs[0]?.sumS);
  await client.connect();
  await client.get('missing');
  await waitFor('a look-up to be counted', () => health.report('public').cache_statistics.hit_rate !== null);
  const { units } = await collect();
  observation.close();
  const text = metricsText(health.snapshot(), health.report('public').status, 'openmetrics');
  const families = [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, family]) => family);
  assert.equal(units.size, families.length - 2);
  assert.equal(units.get('portal.health.probe.duration'), 's');
  assert.equal(units.get('portal.health.probe.runs'), '{run}');
});

test('what was not measured is not observed, and comes back', async () => {
  const observation = observeHealth(health, { meter: provider.getMeter('test') });
  redis.freeze();
  await waitFor('the cache to be down', () => !health.report('public').cache);
  const down = await collect();
  redis.thaw();
  await waitFor('the cache to be up', () => health.report('public').cache === true);
  const up = await collect();
  observation.close();
  assert.equal(down.points.get('portal.health.up part=cache'), 0);
  assert.equal(down.points.get('portal.health.problem code=CACHE_TIMEOUT'), 1);
  assert.equal(down.points.get('portal.health.status status=degraded'), 1);
  for (const name of ['portal.cache.keys', 'portal.health.latency part=cache']) {
    assert.equal(down.points.has(name), false, name);
    assert.equal(up.points.has(name), true, name);
  }
});

test('closed, it observes nothing any more', async () => {
  const silentExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const silentReader = new PeriodicExportingMetricReader({
    exporter: silentExporter,
    exportIntervalMillis: 3_600_000,
  });
  const silent = new MeterProvider({ readers: [silentReader] });
  observeHealth(health, { meter: silent.getMeter('silent') }).close();
  await silentReader.forceFlush();
  const points = silentExporter
    .getMetrics()
    .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
    .reduce((sum, { dataPoints }) => sum + dataPoints.length, 0);
  assert.equal(points, 0);
  await silent.shutdown();
});

test('anything but a meter is refused at once', () => {
  assert.throws(() => observeHealth(health, { meter: {} as never }), {
    name: 'TypeError',
    message: 'Expected the `meter` option to be a Meter of @opentelemetry/api, got an object.',
  });
});
