/**
 * Every query of the fleet's dashboard, its recording rules and its alerts, in a real Prometheus that scrapes a service with
 * a real fleet, as one with a token does.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startPostgres, startPrometheus, startRedis, waitFor, type Prometheus } from 'portal-test-kit';
import { ADMIN } from '../../src/auth/permission.js';
import { answerWith, startHost } from '../fleet/hosts.js';
import { startService, type TestService } from '../service.js';
import { deployFile, readDeployFile } from './deploy-files.js';

interface Dashboard {
  readonly templating: { readonly list: readonly { readonly type: string; readonly definition?: string }[] };
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
  readonly panels: readonly {
    readonly title: string;
    readonly targets: readonly { readonly expr: string }[];
  }[];
}

const RULES = 'prometheus/fleet.rules.yml';
const HASH = 'ab'.repeat(32);
const dashboard = JSON.parse(readDeployFile('grafana/fleet.json')) as Dashboard;
/** Panels that show something only when something is wrong. */
const FOR_TROUBLE: ReadonlySet<string> = new Set([
  'Services that need somebody',
  'Instances that are not usable',
]);
/** A machine at work may need long for an answer. */
const PATIENCE = { timeoutMs: 90_000, everyMs: 200 };

const undo: (() => unknown)[] = [];
let prometheus: Prometheus;
let ordersAreWell = true;

before(async () => {
  const postgres = await startPostgres();
  undo.push(() => postgres.close());
  const redis = await startRedis();
  undo.push(() => redis.close());
  const folder = await mkdtemp(join(tmpdir(), 'portal-fleet-dashboard-'));
  undo.push(() => rm(folder, { recursive: true, force: true }));
  const well = { status: 'healthy', errors: [], source_hash: HASH };
  const orders = await startHost((request, response) =>
    answerWith(ordersAreWell ? well : { status: 'unhealthy', errors: [] }, ordersAreWell ? 200 : 503)(
      request,
      response,
    ),
  );
  const mail = await startHost(answerWith(well));
  undo.push(
    () => orders.close(),
    () => mail.close(),
  );
  const fleet = join(folder, 'fleet.yaml');
  await writeFile(
    fleet,
    `
defaults: { interval: 2s, timeout: 2s, failure_threshold: 1, success_threshold: 1 }
services:
  - { name: orders, discover: { static: [${JSON.stringify(orders.origin)}] } }
  - { name: mail, discover: { static: [${JSON.stringify(mail.origin)}] } }
`,
  );
  const service = await startService({
    databaseUrl: await postgres.createDatabase(),
    redisUrl: redis.url,
    environment: { PORTAL_FLEET_FILE: fleet },
  });
  undo.push(() => service.close());
  const scraped = await startScraped(service, await service.sessionCookie(ADMIN));
  undo.push(() => scraped.close());
  prometheus = await startPrometheus({
    targets: [{ job: 'portal', port: (scraped.address() as AddressInfo).port }],
    everyMs: 1_000,
    rules: deployFile(RULES),
  });
  undo.push(() => prometheus.close());
  for (const name of ['orders', 'mail']) {
    await holds(`portal_fleet_status{service="${name}", status="healthy"} == 1`);
  }
});

after(async () => {
  for (const step of undo.toReversed()) await step();
});

/** What an administrator gets of `/metrics`, and one more sample: that of an instance with a source. */
async function startScraped(service: TestService, cookie: string): Promise<Server> {
  const server = createServer((_request, response) => {
    fetch(`${service.url}/metrics`, { headers: { cookie, accept: 'text/plain;version=0.0.4' } }).then(
      async (answer) => {
        const text = await answer.text();
        const own = text.includes('portal_source_info{') ? '' : `portal_source_info{hash="${HASH}"} 1\n`;
        response.writeHead(200, { 'content-type': answer.headers.get('content-type') ?? '' }).end(text + own);
      },
      () => response.destroy(),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function filled(expr: string): string {
  const query = expr.replaceAll('$service', '.*');
  assert.ok(!query.includes('$'), `${query} has a variable that this test does not know`);
  return query;
}

function queriesOf(forTrouble: boolean): readonly string[] {
  return dashboard.panels
    .filter(({ title }) => FOR_TROUBLE.has(title) === forTrouble)
    .flatMap(({ targets }) => targets.map(({ expr }) => filled(expr)));
}

async function holds(query: string): Promise<void> {
  await waitFor(
    query,
    async () => (await prometheus.query(query)).some(({ value }) => value !== 0),
    PATIENCE,
  );
}

async function givesNothing(query: string): Promise<void> {
  await waitFor(`nothing from ${query}`, async () => (await prometheus.query(query)).length === 0, PATIENCE);
}

test('in health every rule and panel shows something, but for those about trouble, which show nothing', async () => {
  const rules = readDeployFile(RULES);
  const recorded = [...rules.matchAll(/- record: (\S+)/g)].map(([, name = '']) => name);
  assert.equal(recorded.length, 5);
  for (const name of recorded) await holds(`count(${name}) > 0`);
  const queries = queriesOf(false);
  assert.equal(queries.length, 7);
  for (const query of queries) await holds(`count(${query}) > 0`);
  for (const query of queriesOf(true)) await givesNothing(query);
  await holds('min(service:portal_fleet_usable:ratio) == 1');
  await holds('service:portal_fleet_listed:max{service="orders"} == 1');
  await givesNothing('ALERTS');
});

test('what the variables and annotations of the dashboard ask is there', async () => {
  for (const { type, definition = '' } of dashboard.templating.list) {
    if (type !== 'query') continue;
    const [, series = '', label = ''] = /^label_values\((.+), (\w+)\)$/.exec(definition) ?? [];
    const found = await prometheus.query(series);
    assert.ok(found.length > 0 && found.every(({ labels }) => labels[label]), definition);
  }
  for (const { expr } of dashboard.annotations.list) await prometheus.query(filled(expr));
});

test('a service that is down shows in the panels about trouble, and its alert is under way', async () => {
  ordersAreWell = false;
  await holds('portal_fleet_status{service="orders", status="unhealthy"} == 1');
  for (const query of queriesOf(true)) await holds(`count(${query}) > 0`);
  const status = dashboard.panels.find(({ title }) => title === 'Services')?.targets[0]?.expr ?? '';
  await holds(`max(${filled(status)}) == 3`);
  await holds('ALERTS{alertname="PortalServiceUnhealthy", service="orders"}');
  assert.deepEqual(await prometheus.query('ALERTS{service!="orders"}'), []);
  ordersAreWell = true;
  await givesNothing('ALERTS');
  for (const query of queriesOf(true)) await givesNothing(query);
});
