/** Incidents of the source: beside those of health, whatever the service itself says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServiceUpdate, SourceUpdate } from '../../../src/fleet/fleet-update.js';
import { alertLabels } from '../../../src/monitoring/alerts/alertmanager-alert.js';
import { alertOfIncident } from '../../../src/monitoring/alerts/describe-alert.js';
import { bodyFor } from '../../../src/monitoring/alerts/message.js';
import { fleetUpdate, serviceUpdate, START, startTracker } from './updates.js';

function orders(state: SourceUpdate['state'], odd: readonly string[] = []): ServiceUpdate {
  return serviceUpdate('orders', 'h', { source: { state, since: START, odd } });
}

/** What stands where a message is read. */
function texts({ notices }: ReturnType<typeof startTracker>): readonly string[] {
  return notices.map(({ type, incident }) => {
    const words = {
      reasons: () => [],
      sentenceOf: (code: string) => code,
      linkOf: () => null,
      runbookOf: () => null,
    };
    const body = bodyFor('slack', alertOfIncident(`incident.${type}`, incident, words));
    return (JSON.parse(body) as { text: string }).text.replaceAll(/\d{4}-\S+ \S+ UTC/g, 'T');
  });
}

test('a mismatch is told at once and once, with the instance, and ended when one source runs again', () => {
  const run = startTracker();
  run.update(fleetUpdate(0, [orders('verified')]));
  run.update(fleetUpdate(1, [orders('mismatched', ['10.0.0.2:80'])]));
  run.update(fleetUpdate(2, [orders('mismatched', ['10.0.0.2:80'])]));
  assert.deepEqual(run.told(), ['began orders/source']);
  const [{ incident } = assert.fail()] = run.notices;
  assert.deepEqual([incident.severity, incident.beganAt], ['critical', START]);
  assert.deepEqual(
    incident.causes.map(({ code, instance }) => [code, instance]),
    [['FLEET_SOURCE_MISMATCH', '10.0.0.2:80']],
  );
  // What is right again is rolled out: it is not over before that has ended.
  run.update(fleetUpdate(3, [orders('rolling', ['10.0.0.2:80'])]));
  assert.equal(run.open().length, 1);
  run.update(fleetUpdate(4, [orders('verified')]));
  assert.deepEqual(run.told(), ['began orders/source', 'ended orders/source']);
  assert.deepEqual(texts(run), [
    '■ source: orders of prod, since T. FLEET_SOURCE_MISMATCH: 10.0.0.2:80',
    '● one source again: orders of prod, since T, after 4 s',
  ]);
});

test('a rollout is none; what is split warns, and worsens to a mismatch', () => {
  const run = startTracker();
  const many = Array.from({ length: 7 }, (_, index) => `10.0.0.${index}:80`);
  run.update(fleetUpdate(0, [orders('rolling', many)]));
  assert.deepEqual(run.told(), []);
  run.update(fleetUpdate(1, [orders('split', many)]));
  run.update(fleetUpdate(2, [orders('mismatched', ['10.0.0.9:80'])]));
  assert.deepEqual(run.told(), ['began orders/source', 'worsened orders/source']);
  assert.deepEqual(
    run.notices.map(({ incident }) => incident.severity),
    ['warning', 'critical'],
  );
  assert.match(
    texts(run)[0] ?? '',
    /^▲ source: .* FLEET_SOURCE_SPLIT: 10\.0\.0\.0:80, .*10\.0\.0\.4:80, 2 more$/,
  );
});

test('it goes beside an incident of health, and changes nothing about it', () => {
  const run = startTracker();
  const unwell = serviceUpdate('orders', 'd', { source: { state: 'mismatched', since: START, odd: [] } });
  run.update(fleetUpdate(0, [unwell]));
  run.update(fleetUpdate(1, [serviceUpdate('orders', 'h', { source: unwell.source })]));
  assert.deepEqual(run.told().toSorted(), [
    'began orders/health',
    'began orders/source',
    'ended orders/health',
  ]);
  const labels = run.notices.map(({ incident }) => alertLabels(incident, 'critical'));
  assert.equal(new Set(labels.map(({ alertname }) => alertname)).size, 2);
});

test('while the watcher is blind, and shortly after a start, it is as it was', () => {
  const before = startTracker();
  before.update(fleetUpdate(0, [orders('mismatched', ['10.0.0.2:80'])]));
  before.update(fleetUpdate(1, [orders('verified')], START));
  assert.deepEqual(
    before.told().filter((one) => one.includes('source')),
    ['began orders/source'],
  );
  const open = before.open().find(({ kind }) => kind === 'source') ?? assert.fail();
  const run = startTracker({ open: [open], startedAt: START });
  run.update(fleetUpdate(20, [orders('not_reported')]));
  assert.equal(run.open().length, 1);
  run.update(fleetUpdate(40, [orders('mismatched', ['10.0.0.2:80'])]));
  assert.equal(run.open()[0]?.id, open.id);
  run.update(fleetUpdate(200, [orders('verified')]));
  assert.deepEqual(run.told(), ['ended orders/source']);
});
