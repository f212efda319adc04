/**
 * Every query of the Grafana dashboard, and the alert rules, in a real Prometheus that scrapes the running service.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { waitFor } from 'portal-test-kit';
import { sendRequest } from '../request.js';
import { deployFile, readDeployFile } from './deploy-files.js';
import { startObserved, type Observed } from './observed.js';

interface Dashboard {
  readonly templating: {
    readonly list: readonly { readonly type: string; readonly name: string; readonly definition?: string }[];
  };
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
  readonly panels: readonly {
    readonly title: string;
    readonly targets: readonly { readonly expr: string }[];
  }[];
}

const dashboard = JSON.parse(readDeployFile('grafana/portal.json')) as Dashboard;
/** Panels that show something only when something is wrong. */
const FOR_TROUBLE: ReadonlySet<string> = new Set(['What is wrong now']);

let world: Observed;

before(async () => {
  world = await startObserved(deployFile('prometheus/portal.rules.yml'));
  await world.until('healthy');
  // A hit ratio needs a look-up, which the service itself never makes.
  await world.redis.command('GET', 'anything');
});

after(() => world?.close());

/** As Grafana fills in its variables. */
function filled(expr: string): string {
  const query = expr
    .replaceAll('$job', 'portal')
    .replaceAll('$instance', '.*')
    .replaceAll('$__rate_interval', '5s');
  assert.ok(!query.includes('$'), `${query} has a variable that this test does not know`);
  return query;
}

function queriesOf(forTrouble: boolean): string[] {
  return dashboard.panels
    .filter(({ title }) => FOR_TROUBLE.has(title) === forTrouble)
    .flatMap(({ targets }) => targets.map(({ expr }) => filled(expr)));
}

/** Waits until the query gives something, whatever it is. */
function givesSeries(query: string): Promise<void> {
  return world.holds(`count(${query}) > 0`);
}

test('in health every panel shows something, but for those about trouble, which show nothing', async () => {
  const queries = queriesOf(false);
  assert.ok(queries.length >= 12, `${queries.length} queries`);
  for (const query of queries) await givesSeries(query);
  for (const query of queriesOf(true)) {
    await waitFor(`nothing from ${query}`, async () => (await world.prometheus.query(query)).length === 0);
  }
});

test('what the variables and annotations of the dashboard ask is there', async () => {
  for (const { type, name, definition = '' } of dashboard.templating.list) {
    if (type !== 'query') continue;
    const [, series = '', label = ''] = /^label_values\((.+), (\w+)\)$/.exec(definition) ?? [];
    await givesSeries(filled(series));
    const found = await world.prometheus.query(filled(series));
    assert.ok(found.length > 0 && found.every(({ labels }) => labels[label]), `${name}: ${definition}`);
  }
  for (const { expr } of dashboard.annotations.list) await world.prometheus.query(filled(expr));
});

test('in an outage the panels about trouble show it, the status is 2, and the alerts are under way', async () => {
  await world.postgres.freeze();
  await world.until('unhealthy');
  for (const query of queriesOf(true)) await givesSeries(query);
  const status = dashboard.panels.find(({ title }) => title === 'Status')?.targets[0]?.expr ?? '';
  await world.holds(`min(${filled(status)}) == 2`);
  for (const alert of ['PortalUnhealthy', 'PortalProblem']) {
    await world.holds(`ALERTS{alertname="${alert}", job="portal", alertstate="pending"}`);
  }
  await world.postgres.thaw();
  await world.until('healthy');
  await world.holds('absent(ALERTS{alertname="PortalUnhealthy"})');
});

test('the query of every panel names its job and instance, and nothing asks for a metric that is not there', async () => {
  const { body } = await sendRequest(world.service.url, '/metrics');
  const known = new Set([...body.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
  const queries = [...queriesOf(true), ...queriesOf(false)];
  const names = queries.flatMap((query) => query.match(/\b(portal|db_client|target)_\w+(?=\{)/g) ?? []);
  // A histogram is asked for by its buckets.
  const asked = new Set(names.map((name) => name.replace(/_bucket$/, '')));
  assert.deepEqual(
    [...asked].filter((name) => !known.has(name)),
    [],
  );
  // A metric that nobody can see might as well not be there.
  assert.deepEqual(
    [...known].filter((name) => name && !asked.has(name)),
    [],
  );
  for (const query of queries) {
    assert.ok(query.includes('job="portal", instance=~".*"'), query);
  }
});
