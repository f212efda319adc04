/**
 * Alerts at real Alertmanagers in a cluster, with the configuration that we ship: one message for each incident, however many
 * watchers report it, whoever of them is gone.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  messageData,
  PEER_TIMEOUT_MS,
  startAlertmanager,
  startPostgres,
  startProxy,
  startReceiver,
  startRedis,
  typesOf,
  waitFor,
  type Alertmanager,
  type PostgresServer,
  type TestReceiver,
} from 'portal-test-kit';
import { createLog } from '../../src/infra/log.js';
import { createAlertmanagers } from '../../src/monitoring/alerts/alertmanagers.js';
import { incidentId, type Incident } from '../../src/monitoring/incidents/incident.js';
import { answerWith, startHost, type Host } from '../fleet/hosts.js';
import { startService } from '../service.js';
import { deployFile } from './deploy-files.js';

const PATIENCE = { timeoutMs: 120_000, everyMs: 200 };
/** Milliseconds between two reports of these watchers. */
const EVERY_MS = 3_000;
/**
 * Milliseconds between two looks of an Alertmanager at one incident. Longer than it waits for those before it in the cluster,
 * as in what we ship: after that wait it sends what it saw before, so shorter ones repeat what is over.
 */
const LOOKS_EVERY_MS = 3 * PEER_TIMEOUT_MS;
/** Within which each Alertmanager has looked, and sent what it had to. */
const LONG = LOOKS_EVERY_MS + PEER_TIMEOUT_MS + 2 * EVERY_MS;

let receiver: TestReceiver;
let cluster: readonly Alertmanager[];

/** What was sent to the team about one alert: `firing critical`, and so on. */
function told(name: string, { accepted }: TestReceiver = receiver, service?: string): string[] {
  return accepted
    .filter(({ path }) => path === '/team')
    .flatMap(({ json }) => json['alerts'] as readonly Told[])
    .filter(({ labels }) => labels['alertname'] === name)
    .filter(({ labels }) => service === undefined || labels['service'] === service)
    .map(({ status, labels }) => `${status} ${labels['severity']}`);
}

/** Whatever became of the service of another test. */
function toldOf(service: string): string[] {
  return told('PortalServiceUnwell', receiver, service);
}

interface Told {
  readonly status: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

function incident(service: string, generation: number, change: Partial<Incident> = {}): Incident {
  const key = `portal/prod/${service}/health`;
  return {
    id: incidentId(key, generation),
    key,
    generation,
    kind: 'health',
    fleet: 'prod',
    service,
    sharedLabel: null,
    labels: { team: 'shop' },
    severity: 'critical',
    worst: 'critical',
    beganAt: Date.now() - 1_000,
    endedAt: null,
    causes: [{ code: 'DATABASE_TIMEOUT', service, instance: 'a:1', beganAt: Date.now(), endedAt: null }],
    services: [service],
    instances: [{ service, instance: 'a:1' }],
    announced: 'critical',
    isExplained: false,
    ...change,
  };
}

/** @param urls - by which it reaches the cluster */
function startWatcher(urls: readonly string[] = cluster.map(({ url }) => url)) {
  const alertmanagers = createAlertmanagers({
    urls,
    tokenFile: undefined,
    log: createLog({ level: 'silent' }),
    sentenceOf: (code) => code,
    linkOf: (id) => `https://status.example.org/incidents/${id}`,
    runbookOf: (code) => `https://wiki.example.org/${code}`,
    onAttempt: () => undefined,
    everyMs: EVERY_MS,
  });
  let again: NodeJS.Timeout | undefined;
  return {
    ...alertmanagers,
    /** What is open from now on, and whether the watcher sees that it goes on. */
    update(fleet: string, open: readonly Incident[], isSeen = true) {
      const remembered = new Set(isSeen ? [] : open.map(({ key }) => key));
      clearInterval(again);
      again = setInterval(() => alertmanagers.update(fleet, open, remembered), EVERY_MS / 10);
      alertmanagers.update(fleet, open, remembered);
    },
    close() {
      clearInterval(again);
      alertmanagers.close();
    },
  };
}

/** The one that we ship, faster, and to the receiver of the test. */
async function configuration(): Promise<string> {
  const shipped = await readFile(deployFile('prometheus/alertmanager.yml'), 'utf8');
  return shipped
    .replaceAll('http://127.0.0.1:9094', receiver.url)
    .replaceAll(/group_wait: \d+s/g, 'group_wait: 1s')
    .replaceAll(/group_interval: 1m/g, `group_interval: ${LOOKS_EVERY_MS}ms`);
}

before(async () => {
  receiver = await startReceiver();
  const first = await startAlertmanager({ configuration: await configuration() });
  cluster = [first];
  const second = await startAlertmanager({
    configuration: await configuration(),
    peers: [first.clusterAddress],
  });
  cluster = [first, second];
  await waitFor(
    'the cluster',
    async () => (await Promise.all(cluster.map((one) => one.members()))).every((members) => members === 2),
    PATIENCE,
  );
});

after(async () => {
  await Promise.all((cluster ?? []).map((one) => one.close()));
  receiver?.close();
});

describe('watchers of one fleet', { concurrency: false }, () => {
  test('make one message of three reports, and one of three ends; the labels are the same, a watchdog fires', async (t) => {
    const watchers = [startWatcher(), startWatcher(), startWatcher()];
    t.after(() => watchers.forEach((watcher) => watcher.close()));
    const open = [incident('three', 1)];
    for (const watcher of watchers) watcher.update('prod', open);
    await waitFor('it to fire', () => told('PortalServiceUnwell').length > 0, PATIENCE);
    await sleep(LONG);
    assert.deepEqual(told('PortalServiceUnwell'), ['firing critical']);
    for (const watcher of watchers) {
      watcher.update('prod', []);
      await sleep(500);
    }
    await waitFor('it to end', () => told('PortalServiceUnwell').length > 1, PATIENCE);
    await sleep(LONG);
    assert.deepEqual(told('PortalServiceUnwell'), ['firing critical', 'resolved critical']);
    assert.ok(receiver.accepted.some(({ path }) => path === '/alive'));
    const [first] = receiver.accepted
      .filter(({ path }) => path === '/team')
      .flatMap(({ json }) => json['alerts'] as readonly Told[]);
    assert.equal(first?.annotations['runbook_url'], 'https://wiki.example.org/DATABASE_TIMEOUT');
  });

  test('do not contradict each other: it ends with the last of them, and once', async (t) => {
    const seen = receiver.accepted.length;
    const since = (): TestReceiver => ({ ...receiver, accepted: receiver.accepted.slice(seen) });
    const [one, other] = [startWatcher(), startWatcher()];
    t.after(() => [one, other].forEach((watcher) => watcher.close()));
    const open = [incident('contradicted', 1)];
    one.update('prod', open);
    other.update('prod', open);
    await waitFor('it to fire', () => told('PortalServiceUnwell', since()).length > 0, PATIENCE);
    one.update('prod', []);
    await sleep(LONG);
    assert.deepEqual(told('PortalServiceUnwell', since()), ['firing critical']);
    other.update('prod', []);
    await waitFor('it to end', () => told('PortalServiceUnwell', since()).length > 1, PATIENCE);
    await sleep(LONG);
    assert.deepEqual(told('PortalServiceUnwell', since()), ['firing critical', 'resolved critical']);
  });

  test('one that never reported an outage does not end it', async (t) => {
    const seen = receiver.accepted.length;
    const since = (): TestReceiver => ({ ...receiver, accepted: receiver.accepted.slice(seen) });
    const [one, other] = [startWatcher(), startWatcher()];
    t.after(() => [one, other].forEach((watcher) => watcher.close()));
    one.update('prod', [incident('lonely', 1)]);
    other.update('prod', []);
    await waitFor('it to fire', () => told('PortalServiceUnwell', since()).length > 0, PATIENCE);
    // Killed: it says nothing more.
    one.close();
    await sleep(LONG);
    assert.deepEqual(told('PortalServiceUnwell', since()), ['firing critical']);
  });

  test('one that died while it still saw an outage does not keep it open', async (t) => {
    const [one, other] = [startWatcher(), startWatcher()];
    t.after(() => [one, other].forEach((watcher) => watcher.close()));
    const open = [incident('died', 1)];
    one.update('prod', open);
    other.update('prod', open);
    await waitFor('it to fire', () => toldOf('died').length > 0, PATIENCE);
    other.update('prod', []);
    await sleep(2 * EVERY_MS);
    one.close();
    await waitFor('it to end', () => toldOf('died').length > 1, PATIENCE);
    assert.deepEqual(toldOf('died'), ['firing critical', 'resolved critical']);
  });

  test('one that was cut off does not begin anew what the others have ended, and tells what it sees', async (t) => {
    const ways = await Promise.all(cluster.map(({ url }) => startProxy({ port: Number(new URL(url).port) })));
    t.after(() => Promise.all(ways.map((way) => way.close())));
    const one = startWatcher(ways.map(({ port }) => `http://127.0.0.1:${port}`));
    const other = startWatcher();
    t.after(() => [one, other].forEach((watcher) => watcher.close()));
    const open = [incident('cut-off', 1)];
    one.update('prod', open);
    other.update('prod', open);
    await waitFor('it to fire', () => toldOf('cut-off').length > 0, PATIENCE);
    await Promise.all(ways.map((way) => way.fault('refuse')));
    one.update('prod', open, false);
    other.update('prod', []);
    await waitFor('it to end', () => toldOf('cut-off').length > 1, PATIENCE);
    await Promise.all(ways.map((way) => way.heal()));
    await sleep(LONG);
    assert.deepEqual(toldOf('cut-off'), ['firing critical', 'resolved critical']);
    one.update('prod', open, true);
    await waitFor('what it sees', () => toldOf('cut-off').length > 2, PATIENCE);
    assert.equal(toldOf('cut-off').at(-1), 'firing critical');
  });

  test('one that is blind does not keep open what another one sees to be over, and what fires does not end by it', async (t) => {
    const [one, other] = [startWatcher(), startWatcher()];
    t.after(() => [one, other].forEach((watcher) => watcher.close()));
    const open = [incident('blind', 1)];
    one.update('prod', open);
    other.update('prod', open);
    await waitFor('it to fire', () => toldOf('blind').length > 0, PATIENCE);
    one.update('prod', open, false);
    await sleep(LONG);
    assert.deepEqual(toldOf('blind'), ['firing critical']);
    other.update('prod', []);
    await waitFor('it to end', () => toldOf('blind').length > 1, PATIENCE);
    await sleep(LONG);
    assert.deepEqual(toldOf('blind'), ['firing critical', 'resolved critical']);
  });

  test('lose nothing when one Alertmanager is killed', async (t) => {
    const seen = receiver.accepted.length;
    const since = (): TestReceiver => ({ ...receiver, accepted: receiver.accepted.slice(seen) });
    const watchers = [startWatcher(), startWatcher()];
    t.after(() => watchers.forEach((watcher) => watcher.close()));
    const open = [incident('killed', 1)];
    for (const watcher of watchers) watcher.update('prod', open);
    await waitFor('it to fire', () => told('PortalServiceUnwell', since()).length > 0, PATIENCE);
    // Until the other knows what was told: one that dies with that alone is made up for by a second message.
    await sleep(PEER_TIMEOUT_MS);
    await cluster[0]?.kill();
    for (const watcher of watchers) watcher.update('prod', []);
    await waitFor('it to end', () => told('PortalServiceUnwell', since()).length > 1, PATIENCE);
    assert.ok(
      watchers.every((watcher) => watcher.stuckSince() !== undefined),
      'one of them takes nothing',
    );
    assert.deepEqual(told('PortalServiceUnwell', since()), ['firing critical', 'resolved critical']);
  });
});

describe('one outage of one database under five services', { concurrency: false }, () => {
  const names = ['billing', 'invoices', 'mail', 'orders', 'stock'];
  const down = { status: 'unhealthy', errors: ['The database does not answer in time (DATABASE_TIMEOUT)'] };
  let isDown = false;
  let postgres: PostgresServer;
  let hosts: readonly Host[];
  let folder: string;

  before(async () => {
    postgres = await startPostgres();
    folder = await mkdtemp(join(tmpdir(), 'portal-alertmanager-'));
    hosts = await Promise.all(
      names.map(() =>
        startHost((request, response) =>
          answerWith(isDown ? down : { status: 'healthy', errors: [] }, isDown ? 503 : 200)(
            request,
            response,
          ),
        ),
      ),
    );
    const services = names.map((name, index) => ({
      name,
      labels: { database: 'pg-1' },
      discover: { static: [hosts[index]?.origin] },
    }));
    await writeFile(
      join(folder, 'fleet.json'),
      JSON.stringify({ fleet: 'prod', defaults: { interval: '5s', timeout: '4s' }, services }),
    );
  });

  after(async () => {
    await Promise.all((hosts ?? []).map((host) => host.close()));
    await postgres?.close();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  test('is one message that lists all five, and one end: by Alertmanager and by webhook', async (t) => {
    const [webhook, redis] = await Promise.all([startReceiver(), startRedis()]);
    t.after(() => redis.close());
    t.after(() => webhook.close());
    const service = await startService({
      databaseUrl: await postgres.createDatabase(),
      redisUrl: redis.url,
      environment: {
        ...webhook.alertSettings('generic'),
        PORTAL_FLEET_FILE: join(folder, 'fleet.json'),
        PORTAL_ALERTMANAGERS: cluster[1]?.url ?? '',
      },
    });
    t.after(() => service.close());
    // Past what is not told after a start.
    await sleep(25_000);
    isDown = true;
    // On a busy machine the service may tell of itself, too.
    const ofFleet = (): TestReceiver['accepted'] =>
      webhook.accepted.filter((message) => messageData(message)['service'] !== 'portal');
    await waitFor('the begin', () => ofFleet().length > 0, PATIENCE);
    const [began] = ofFleet();
    assert.deepEqual((messageData(began)['services'] as string[]).toSorted(), names);
    assert.deepEqual(
      [messageData(began)['shared'], messageData(began)['kind'], messageData(began)['codes']],
      ['database/pg-1', 'cause', ['DATABASE_TIMEOUT']],
    );
    await waitFor('Alertmanager to tell', () => told('PortalCommonCause').length > 0, PATIENCE);
    await sleep(10_000);
    isDown = false;
    await waitFor('the end', () => ofFleet().length > 1, PATIENCE);
    await waitFor('its end to be told', () => told('PortalCommonCause').length > 1, PATIENCE);
    assert.deepEqual(told('PortalCommonCause'), ['firing critical', 'resolved critical']);
    assert.deepEqual(typesOf(ofFleet()), ['incident.began', 'incident.ended']);
    const [first, last] = ofFleet().map(messageData);
    assert.deepEqual([last?.['kind'], last?.['incident']], ['cause', first?.['incident']]);
  });
});
