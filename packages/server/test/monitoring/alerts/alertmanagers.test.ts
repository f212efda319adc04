/**
 * What a watcher tells an Alertmanager that it does not know by its own eyes: each moment at which it may stand still, and what it
 * may say when it goes on. How several watchers do with real ones is in `operations/alertmanager.test.ts`.
 */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { waitFor } from 'portal-test-kit';
import { createLog } from '../../../src/infra/log.js';
import { LASTS_FOR_MS } from '../../../src/monitoring/alerts/alertmanager-alert.js';
import { createAlertmanagers } from '../../../src/monitoring/alerts/alertmanagers.js';
import { incidentOf, startAlertmanagerDouble, type AlertmanagerDouble } from './alertmanager-double.js';

/** Milliseconds between two reports. */
const EVERY_MS = 1_500;
const PROGRAM = fileURLToPath(new URL('./frozen-watcher.js', import.meta.url));

/** One that is updated all the time by what `see` was given last. */
function startWatcher(t: TestContext, url: string) {
  const alertmanagers = createAlertmanagers({
    urls: [url],
    tokenFile: undefined,
    log: createLog({ level: 'silent' }),
    sentenceOf: (code) => code,
    linkOf: () => null,
    runbookOf: () => null,
    onAttempt: () => undefined,
    everyMs: EVERY_MS,
  });
  let update = (): void => undefined;
  const timer = setInterval(() => update(), EVERY_MS / 15);
  t.after(() => {
    clearInterval(timer);
    alertmanagers.close();
  });
  return {
    see(services: readonly string[], remembered: readonly string[] = []) {
      const open = services.map(incidentOf);
      const keys = new Set(remembered.map((service) => incidentOf(service).key));
      update = () => alertmanagers.update('prod', open, keys);
      update();
    },
  };
}

/** Until so many reports more have come. */
async function reportsMore({ saidOf }: AlertmanagerDouble, more: number): Promise<void> {
  const wanted = saidOf('').length + more;
  await waitFor(`${more} reports`, () => saidOf('').length >= wanted);
}

async function untilFiring(double: AlertmanagerDouble, service: string): Promise<void> {
  await waitFor(`${service} to fire`, () => double.saidOf(service).includes('firing'));
}

test('one that stood still says of nothing that it lasts before it has looked again', async (t) => {
  const double = await startAlertmanagerDouble(t);
  const child = fork(PROGRAM, [double.url, String(EVERY_MS)]);
  t.after(() => child.kill('SIGKILL'));
  await once(child, 'spawn');
  let isAwake = true;
  let unseen = 0;
  child.on('message', () => (unseen -= 1));
  const feed = setInterval(() => {
    if (!isAwake) return;
    unseen += 1;
    child.send(['orders']);
  }, EVERY_MS / 15);
  t.after(() => clearInterval(feed));
  await untilFiring(double, 'orders');

  isAwake = false;
  await waitFor('all that it was sent to be seen', () => unseen === 0);
  child.kill('SIGSTOP');
  await sleep(2 * EVERY_MS);
  const before = double.saidOf('orders').length;
  double.set('orders', Date.now() - 1_000);
  child.kill('SIGCONT');
  await reportsMore(double, 2);
  // A report that was begun before may be the first.
  assert.deepEqual([...new Set(double.saidOf('orders').slice(before + 1))], ['nothing']);

  isAwake = true;
  await waitFor('what it sees', () => double.saidOf('orders').at(-1) === 'firing');
});

test('what becomes doubtful while an Alertmanager is asked about others is not said', async (t) => {
  const double = await startAlertmanagerDouble(t);
  const watcher = startWatcher(t, double.url);
  watcher.see(['orders', 'stock']);
  await untilFiring(double, 'orders');
  double.hold(true);
  const asked = double.questions();
  watcher.see(['orders', 'stock', 'mail'], ['stock']);
  await waitFor('the question', () => double.questions() > asked);
  const before = double.saidOf('orders').length;
  watcher.see(['orders', 'stock', 'mail'], ['orders', 'stock', 'mail']);
  double.set('orders', Date.now() - 1_000);
  double.hold(false);
  await reportsMore(double, 1);
  assert.deepEqual([double.saidOf('orders')[before], double.saidOf('mail')[before]], ['nothing', 'nothing']);
});

test('what is only remembered is left to those who repeat it, not told after its end, and kept alive where nobody is left', async (t) => {
  const double = await startAlertmanagerDouble(t);
  const watcher = startWatcher(t, double.url);
  watcher.see(['orders']);
  await untilFiring(double, 'orders');
  watcher.see(['orders'], ['orders']);
  // What is under way.
  await reportsMore(double, 1);
  let before = double.saidOf('orders').length;
  const others = setInterval(() => double.set('orders', Date.now() + LASTS_FOR_MS), EVERY_MS / 5);
  t.after(() => clearInterval(others));
  await reportsMore(double, 4);
  assert.deepEqual([...new Set(double.saidOf('orders').slice(before))], ['nothing']);

  clearInterval(others);
  await waitFor('it to be kept alive', () => double.saidOf('orders').at(-1) === 'firing');
  before = double.saidOf('orders').length;
  double.set('orders', Date.now() - 1);
  await reportsMore(double, 5);
  assert.deepEqual([...new Set(double.saidOf('orders').slice(before))], ['nothing']);
});

test('an end is told once nobody has repeated the alert for a while, and once', async (t) => {
  const double = await startAlertmanagerDouble(t);
  const watcher = startWatcher(t, double.url);
  watcher.see(['orders']);
  await untilFiring(double, 'orders');
  const others = setInterval(() => double.set('orders', Date.now() + LASTS_FOR_MS), EVERY_MS / 5);
  t.after(() => clearInterval(others));
  watcher.see([]);
  await reportsMore(double, 4);
  assert.ok(!double.saidOf('orders').includes('over'));
  clearInterval(others);
  await waitFor('its end', () => double.saidOf('orders').includes('over'));
  await reportsMore(double, 3);
  assert.equal(double.saidOf('orders').filter((said) => said === 'over').length, 1);
});

test('what may have arrived though nothing was answered is ended too', async (t) => {
  const double = await startAlertmanagerDouble(t);
  const watcher = startWatcher(t, double.url);
  double.lose(true);
  watcher.see(['orders']);
  await untilFiring(double, 'orders');
  watcher.see([]);
  // No report of it from now on; then it answers again.
  await sleep(EVERY_MS / 3);
  double.lose(false);
  await waitFor('its end', () => double.saidOf('orders').includes('over'), { timeoutMs: 60_000 });
});
