/** Incidents in the file: what a restart finds, and pages of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openFile } from '../../../src/infra/sqlite/sqlite-file.js';
import { createFleetStore, FLEET_FORMAT } from '../../../src/monitoring/fleet/fleet-store.js';
import { incidentId, type Incident } from '../../../src/monitoring/incidents/incident.js';
import { START } from './updates.js';

const PAGE = { state: undefined, service: undefined, before: undefined, limit: 2 };

function openStore() {
  return createFleetStore(openFile(':memory:', FLEET_FORMAT, new Error('in memory')).database);
}

function incident(service: string, generation: number, endedAt: number | null): Incident {
  const key = `portal/prod/${service}/health`;
  return {
    id: incidentId(key, generation),
    key,
    generation,
    kind: 'health',
    fleet: 'prod',
    service,
    sharedLabel: null,
    labels: {},
    severity: 'critical',
    worst: 'critical',
    beganAt: START,
    endedAt,
    causes: [],
    services: [service],
    instances: [],
    announced: 'critical',
    isExplained: false,
  };
}

test('a restart finds what was open, how far each key was counted, and what changed lately', () => {
  const store = openStore();
  assert.equal(store.incidentsBefore(START).learnt, null);
  store.putIncidents([incident('orders', 1, null), incident('stock', 4, START + 5)], START);
  store.putIncidents([incident('orders', 1, START + 7)], START);
  store.putIncidents([incident('orders', 2, null)], START);
  store.noteLearnt([
    ['portal/prod/orders/health', 1],
    ['portal/prod/mail/health', 9],
  ]);
  const before = store.incidentsBefore(START + 10);
  assert.deepEqual(
    before.open.map(({ id }) => id),
    [incident('orders', 2, null).id],
  );
  assert.deepEqual([...before.generations].toSorted(), [
    ['portal/prod/orders/health', 2],
    ['portal/prod/stock/health', 4],
  ]);
  assert.deepEqual(before.changes.get('stock'), [START, START + 5]);
  assert.equal(before.learnt?.get('portal/prod/mail/health'), 9);
  assert.equal(store.incidentsBefore(START + 3_600_000).changes.size, 0, 'long ago is no flap');
});

test('pages go back, by state and service; the latest of each key is kept for its number', () => {
  const store = openStore();
  for (const generation of [1, 2, 3]) store.putIncidents([incident('orders', generation, START)], START);
  store.putIncidents([incident('orders-eu', 1, null)], START);
  const first = store.readIncidents(PAGE);
  assert.deepEqual(
    first.incidents.map(({ incident: { service, generation } }) => `${service} ${generation}`),
    ['orders-eu 1', 'orders 3'],
  );
  const second = store.readIncidents({ ...PAGE, before: first.next ?? 0 });
  assert.deepEqual([second.incidents.length, second.next], [2, null]);
  assert.equal(store.readIncidents({ ...PAGE, state: 'open' }).incidents.length, 1);
  assert.equal(store.readIncidents({ ...PAGE, service: 'orders', limit: 10 }).incidents.length, 3);
  assert.equal(store.readIncident(incident('orders', 2, null).id)?.generation, 2);
  assert.equal(store.readIncident('0'.repeat(32)), null);
  store.putIncidents([incident('orders', 3, START + 1)], START + 400 * 24 * 3_600_000);
  assert.equal(store.readIncidents({ ...PAGE, service: 'orders', limit: 10 }).incidents.length, 1);
  assert.equal(store.incidentsBefore(START).generations.get('portal/prod/orders/health'), 3);
});

test('pages have one kind, or one code among the causes, and go back within that', () => {
  const store = openStore();
  const causes = (...codes: readonly string[]): Incident['causes'] =>
    codes.map((code) => ({ code, service: 'orders', instance: 'a:1', beganAt: START, endedAt: null }));
  store.putIncidents(
    [
      { ...incident('orders', 1, null), causes: causes('DATABASE_SLOW') },
      { ...incident('orders', 2, null), causes: causes('CACHE_TIMEOUT', 'DATABASE_SLOW') },
      { ...incident('stock', 1, null), kind: 'source', causes: causes('FLEET_SOURCE_SPLIT') },
      { ...incident('stock', 2, null), causes: causes('DATABASE_SLOW_INDEED') },
    ],
    START,
  );
  const numbers = (query: { readonly kind?: string; readonly code?: string; readonly limit?: number }) =>
    store.readIncidents({ ...PAGE, ...query }).incidents.map(({ number }) => number);
  assert.deepEqual(numbers({ code: 'DATABASE_SLOW' }), [2, 1]);
  assert.deepEqual(numbers({ code: 'DATABASE_SLOW', limit: 1 }), [2]);
  assert.equal(store.readIncidents({ ...PAGE, code: 'DATABASE_SLOW', limit: 1 }).next, 2);
  assert.deepEqual(numbers({ code: 'CACHE_TIMEOUT' }), [2]);
  assert.deepEqual(numbers({ kind: 'source' }), [3]);
  assert.deepEqual(numbers({ kind: 'source', code: 'DATABASE_SLOW' }), []);
});
