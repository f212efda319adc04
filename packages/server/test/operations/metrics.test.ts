/**
 * `/metrics` held to the real Prometheus: its linter, its parsers and its scrape, in good days and in an outage.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { runPromtool, waitFor } from 'portal-test-kit';
import { sendRequest } from '../request.js';
import { startObserved, type Observed } from './observed.js';

/** What Prometheus 2 sends. */
const PROMETHEUS_ACCEPT =
  'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';
const CACHE_FIGURES = '{__name__=~"portal_cache_.*"}';

let world: Observed;
let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portal-metrics-'));
  world = await startObserved();
  await world.until('healthy');
});

afterEach(async () => {
  world.redis.thaw();
  await world.postgres.thaw();
  await world.until('healthy');
});

after(async () => {
  await world?.close();
  await rm(folder, { recursive: true, force: true });
});

/** What must be true in every state. */
async function assertAccepted(): Promise<void> {
  const { service, prometheus } = world;
  const text = await sendRequest(service.url, '/metrics');
  assert.equal(text.status, 200);
  assert.equal(text.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  assert.deepEqual(await runPromtool(['check', 'metrics'], text.body), { exitCode: 0, output: '' });

  const open = await sendRequest(service.url, '/metrics', { headers: { Accept: PROMETHEUS_ACCEPT } });
  assert.equal(open.status, 200);
  assert.equal(open.headers['content-type'], 'application/openmetrics-text; version=1.0.0; charset=utf-8');
  await assertOpenMetrics(open.body);

  // One scrape may have met a machine that was busy for longer than a scrape may take; what is not accepted never is.
  await waitFor('a scrape of both formats without an error', async () => {
    assert.deepEqual(await prometheus.scrapeErrors(), ['', '']);
    assert.deepEqual(
      (await prometheus.query('up')).map(({ value }) => value),
      [1, 1],
    );
    return true;
  });
}

/** `check metrics` reads the older text only; promtool's other parser is the strict one, and wants a time for each. */
async function assertOpenMetrics(body: string): Promise<void> {
  const file = join(folder, 'metrics.txt');
  const dated = body.replaceAll(/^(?!#)(.+)$/gm, `$1 ${Math.floor(Date.now() / 1_000)}`);
  await writeFile(file, dated);
  const answer = await runPromtool([
    'tsdb',
    'create-blocks-from',
    'openmetrics',
    '--quiet',
    file,
    join(folder, 'blocks'),
  ]);
  assert.equal(answer.exitCode, 0, answer.output);
}

/** The names and labels that a job has at this moment. */
async function seriesOf(job: string): Promise<string[]> {
  const series = await world.prometheus.query(`{job="${job}", __name__=~"portal_.*|db_client_.*"}`);
  return series
    .map(({ labels }) => JSON.stringify({ ...labels, instance: undefined, job: undefined }))
    .toSorted();
}

test('the strict parser is one: it refuses what is not OpenMetrics', async () => {
  await assert.rejects(assertOpenMetrics('portal_health_up 1\n'), /EOF/);
  const wrong = await runPromtool(['check', 'metrics'], 'a_count 1\n');
  assert.notEqual(wrong.exitCode, 0);
});

test('in health: accepted in both formats, and both give Prometheus the same series', async () => {
  await assertAccepted();
  await waitFor('the same series in both', async () => {
    const series = await seriesOf('portal');
    assert.ok(series.length > 40, `${series.length} series`);
    assert.deepEqual(await seriesOf('portal-text'), series);
    return true;
  });
  await world.holds('sum(portal_health_problem{job="portal"}) == bool 0');
  await world.holds('min(portal_health_up) == 1');
  await world.holds('db_client_connection_max{job="portal"} == 20');
});

test('in degradation: the code is a series, and values that were not measured are gone rather than old', async () => {
  world.redis.freeze();
  await world.until('degraded');
  await assertAccepted();
  await world.holds('portal_health_problem{job="portal", code="CACHE_TIMEOUT"} == 1');
  await world.holds(`absent(${CACHE_FIGURES})`);
  await world.holds('portal_health_up{job="portal", part="database"} == 1');
});

test('with both stores frozen: still scraped, with the pool', async () => {
  world.redis.freeze();
  await world.postgres.freeze();
  await world.until('unhealthy');
  await world.holds(`absent(${CACHE_FIGURES})`);
  await assertAccepted();
  await world.holds('portal_health_problem{job="portal", code="DATABASE_TIMEOUT"} == 1');
  await world.holds('db_client_connection_max{job="portal"} == 20');
  await world.holds('absent(portal_health_latency_seconds{part=~"database|cache"})');
});

test('the guide lists every metric with its type and meaning, and no other', async () => {
  await world.redis.command('GET', 'a');
  await world.holds('count(portal_cache_hit_ratio)');
  const { body } = await sendRequest(world.service.url, '/metrics');
  const types = [...body.matchAll(/^# TYPE (\S+) (\S+)\n# HELP \S+ (.+)$/gm)];
  const labelsOf = (name: string) => new RegExp(`^${name}(?:\\{(.*)\\})? `, 'm').exec(body)?.[1] ?? '';
  const rows = types.map(([, name = '', type, help]) => {
    const labels = [...labelsOf(name).matchAll(/(\w+)="/g)].map(([, label]) => `\`${label}\``);
    return `| \`${name}\` | ${type} | ${labels.join(', ')} | ${help} |`;
  });
  const guide = readFileSync(new URL('../../../../../docs/operations.md', import.meta.url), 'utf8');
  const table = /<!-- metrics -->\n.*\n.*\n([^]*?)\n<!-- \/metrics -->/.exec(guide)?.[1] ?? '';
  assert.deepEqual(
    table.split('\n').map((row) => row.replace(/\|\s+\|/, '|  |')),
    rows,
  );
});

test('a counter goes back at a restart of the cache, and at nothing else', async () => {
  const { prometheus, redis, service } = world;
  const { body } = await sendRequest(service.url, '/metrics');
  const counters = [...body.matchAll(/^# TYPE (\S+) counter$/gm)].map(([, name]) => name);
  assert.ok(counters.length > 0);
  for (const counter of counters) {
    const resets = await prometheus.query(`max(resets(${counter}[10m]))`);
    assert.equal(resets[0]?.value, 0, `${counter}, frozen and thawed by the tests before`);
  }
  await redis.restart();
  await world.holds('max(resets(portal_cache_commands_processed_total[10m]))');
});
