/**
 * The fleet file by itself: what it keeps, for how long, and what it makes of what is written twice.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { waitFor } from 'portal-test-kit';
import { createLog } from '../../../src/infra/log.js';
import { openFile } from '../../../src/infra/sqlite/sqlite-file.js';
import { createFleetHistory } from '../../../src/monitoring/fleet/fleet-history.js';
import { MOST_TRANSITIONS, TRANSITIONS_FOR_MS } from '../../../src/monitoring/fleet/fleet-limits.js';
import { serviceUpdate } from './service-update.js';
import { createFleetStore, FLEET_FORMAT } from '../../../src/monitoring/fleet/fleet-store.js';
import type { FleetUpdate, ServiceUpdate } from '../../../src/fleet/fleet-update.js';
import { parseStepQuery } from '../../../src/monitoring/fleet/step-query.js';
import type { Transition } from '../../../src/monitoring/fleet/transition-store.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW = Math.floor(Date.now() / HOUR) * HOUR;
const ALL = { service: undefined, fromMs: undefined, toMs: undefined, before: undefined, limit: 10 };
const folder = mkdtempSync(join(tmpdir(), 'portal-fleet-store-'));

after(() => rmSync(folder, { recursive: true }));

function inMemory() {
  const { database } = openFile(':memory:', FLEET_FORMAT, new Error('in memory'));
  return { database, store: createFleetStore(database) };
}

function countOf(database: ReturnType<typeof inMemory>['database'], table: string): unknown {
  return (database.prepare(`SELECT count(*) AS n FROM ${table}`).get() as { readonly n: number }).n;
}

function transition(change: Partial<Transition>): Transition {
  return { service: 'orders', instance: 'a:1', at: NOW, from: null, to: 'healthy', codes: [], ...change };
}

function service(change: Partial<ServiceUpdate>): ServiceUpdate {
  return serviceUpdate({ since: NOW, ...change });
}

describe('transitions', () => {
  test('come page by page, the latest first, of one service or of all', () => {
    const { store } = inMemory();
    store.addTransitions([
      transition({ at: NOW }),
      transition({ at: NOW + 1, instance: null, service: null, to: 'blind', codes: ['FLEET_BLIND'] }),
      transition({ at: NOW + 2, to: 'unreachable', codes: ['INSTANCE_TIMEOUT'] }),
      transition({ at: NOW + 3, service: 'mail', to: 'gone' }),
    ]);
    const first = store.readTransitions({ ...ALL, limit: 3 });
    assert.deepEqual(
      first.events.map(({ service: of, instance, from, to }) => [of, instance, from, to]),
      [
        ['mail', 'a:1', null, 'gone'],
        ['orders', 'a:1', 'healthy', 'unreachable'],
        [null, null, null, 'blind'],
      ],
    );
    assert.equal(first.next, first.events[2]?.id);
    const rest = store.readTransitions({ ...ALL, before: first.next ?? 0 });
    assert.deepEqual([rest.events.map(({ to }) => to), rest.next], [['healthy'], null]);
    const ofOrders = store.readTransitions({ ...ALL, service: 'orders', fromMs: NOW + 1 });
    assert.deepEqual(
      ofOrders.events.map(({ codes }) => codes),
      [['INSTANCE_TIMEOUT']],
    );
  });

  test('a watcher that was restarted writes nothing of what is as it was', () => {
    const { store } = inMemory();
    store.addTransitions([
      transition({}),
      transition({ instance: 'b:1', to: 'degraded', codes: ['CACHE_SLOW'] }),
    ]);
    store.addTransitions([
      transition({ at: NOW + 9 }),
      transition({ instance: 'b:1', at: NOW + 9, to: 'degraded', codes: ['CACHE_TIMEOUT'] }),
      transition({ instance: 'c:1', at: NOW + 9 }),
    ]);
    assert.deepEqual(
      store.readTransitions(ALL).events.map(({ instance, from }) => [instance, from]),
      [
        ['c:1', null],
        ['b:1', 'degraded'],
        ['b:1', null],
        ['a:1', null],
      ],
    );
  });

  test('the latest are kept, and none for longer than 90 days', () => {
    const { database, store } = inMemory();
    const count = MOST_TRANSITIONS + 500;
    database.exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
      INSERT INTO transitions (service, instance, at, state, codes) SELECT 'orders', 'x' || i, ${NOW}, 'healthy', '[]' FROM n`);
    store.addTransitions([transition({})]);
    assert.equal(countOf(database, 'transitions'), MOST_TRANSITIONS);
    for (let round = 0; round <= count / 1_000; round += 1) {
      store.addTransitions([transition({ instance: `late${round}`, at: NOW + TRANSITIONS_FOR_MS + 1 })]);
    }
    const { events } = store.readTransitions({ ...ALL, limit: count });
    assert.ok(events.length > 0 && events.every(({ instance }) => instance?.startsWith('late')));
  });
});

describe('minutes and hours', () => {
  const step = { service: 'orders', at: NOW - HOUR, usable: 3, listed: 3, worst: 'healthy', p95: 5 } as const;

  test('only become worse while they last, and what is written twice counts once', () => {
    const { store } = inMemory();
    store.addSteps(
      [step, { ...step, usable: 1, worst: 'unhealthy', p95: null }, { ...step, p95: 9, listed: 4 }],
      NOW,
    );
    store.addSteps([step, { ...step, at: NOW - HOUR + MINUTE }], NOW);
    const columns = store.readSteps(
      parseStepQuery('orders', { fromMs: NOW - 2 * HOUR, stepSeconds: 60 }, NOW),
    );
    assert.deepEqual([columns?.status.length, columns?.step_seconds], [120, 60]);
    const at = 60;
    assert.deepEqual(
      [columns?.status[at], columns?.usable[at], columns?.listed[at], columns?.poll_p95_ms[at]],
      ['unhealthy', 1, 4, 9],
    );
    assert.deepEqual([columns?.status[at + 1], columns?.status[at + 2]], ['healthy', null]);
    const hours = store.readSteps(parseStepQuery('orders', { fromMs: NOW - 30 * DAY }, NOW));
    assert.equal(hours?.step_seconds, 2 * 3_600);
    assert.deepEqual(
      hours?.usable.filter((one) => one !== null),
      [1],
    );
    assert.equal(store.readSteps(parseStepQuery('nothing', {}, NOW)), null);
  });

  test('are kept for 7 days and for a year, and a service that is gone leaves nothing', () => {
    const { database, store } = inMemory();
    store.addSteps(
      [
        { ...step, at: NOW - 8 * DAY },
        { ...step, at: NOW - 400 * DAY, service: 'old' },
      ],
      NOW,
    );
    const counts = ['service_minutes', 'service_hours', 'services'].map((table) => countOf(database, table));
    assert.deepEqual(counts, [0, 1, 1]);
  });

  test('a range has at most 2,000 steps, whatever is asked for', () => {
    for (const days of [0.01, 1, 6.9, 7.1, 365]) {
      const { fromMs, toMs, stepMs } = parseStepQuery(
        'orders',
        { fromMs: NOW - days * DAY, stepSeconds: 1 },
        NOW,
      );
      assert.ok((toMs - fromMs) / stepMs <= 2_000, String(days));
    }
    assert.throws(() => parseStepQuery('orders', { fromMs: NOW, toMs: NOW }, NOW), /before `to`/);
  });
});

test('a damaged file is set aside and told, and a new one goes on; what a blind watcher does not see is not kept', async () => {
  writeFileSync(join(folder, 'fleet.sqlite'), 'no database at all '.repeat(400));
  const logged: string[] = [];
  const log = createLog({ level: 'info', destination: { write: (line) => logged.push(line) } });
  const history = createFleetHistory({ folder, log });
  history.start();
  const update = (services: FleetUpdate['services'], blindSince: number | null = null): void =>
    history.update({ at: NOW, name: 'test', blindSince, services });
  update([service({ pollsMs: [1, 2, 3] })]);
  update([service({ status: 'unknown', usable: 0 })], NOW);
  update([service({ status: 'degraded', usable: 2, since: NOW + 1, codes: ['INSTANCE_TIMEOUT'] })]);
  await waitFor('the transitions', async () => (await history.transitions(ALL)).events.length === 4);
  const { events } = await history.transitions(ALL);
  assert.deepEqual(
    events.map(({ service: of, from, to }) => [of, from, to]),
    [
      ['orders', 'healthy', 'degraded'],
      [null, 'blind', 'seeing'],
      [null, 'seeing', 'blind'],
      ['orders', null, 'healthy'],
    ],
  );
  await history.close();
  assert.ok(logged.some((line) => line.includes('was damaged and set aside')));
  assert.ok(readdirSync(folder).some((name) => name.startsWith('fleet.sqlite.damaged-')));
  // What waited was written at the end.
  const again = createFleetHistory({ folder, log });
  again.start();
  const columns = await again.steps(parseStepQuery('orders', { fromMs: NOW, toMs: NOW + MINUTE }, NOW));
  assert.deepEqual([columns?.usable, columns?.status, columns?.poll_p95_ms], [[2], ['degraded'], [3]]);
  await again.close();
});
