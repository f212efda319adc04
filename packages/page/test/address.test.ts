import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ALL_INCIDENTS,
  limitsOf,
  RANGES,
  readAddress,
  stepOf,
  TABS,
  WHOLE_FLEET,
  writeAddress,
  type Span,
  zoomedOut,
} from '../src/address.js';

const NOTHING = { fleet: WHOLE_FLEET, incident: '', filter: ALL_INCIDENTS };

test('every view has an address, and the address gives the view again', () => {
  const spans: Span[] = [
    ...(Object.keys(RANGES) as (keyof typeof RANGES)[]),
    { fromMs: 1_000, toMs: 61_000 },
  ];
  for (const tab of Object.keys(TABS) as (keyof typeof TABS)[]) {
    for (const span of spans) {
      const { pathname, search } = new URL(writeAddress({ tab, span }), 'http://page');
      assert.deepEqual(readAddress(pathname, search), { tab, span, ...NOTHING });
    }
  }
});

test('an incident has an address of its own, and what is no id is all of them', () => {
  const incident = '5f0c2a9e7b1d4c83a6e0f2917d3b8c45';
  const path = writeAddress({ tab: '/incidents', span: '24h', incident });
  assert.ok(path.endsWith(`/incidents/${incident}`), path);
  assert.deepEqual(readAddress(path, ''), { ...NOTHING, tab: '/incidents', span: '24h', incident });
  assert.equal(readAddress('/incidents', '').incident, '');
  for (const none of ['x', incident.slice(1), `${incident}0`, incident.toUpperCase()]) {
    assert.equal(readAddress(`/incidents/${none}`, '').incident, '', none);
  }
});

test('what cannot be understood is the usual view', () => {
  for (const query of ['?range=2h', '?from=x&to=y', '?from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z']) {
    assert.deepEqual(readAddress('/elsewhere', query), {
      tab: '/',
      span: '24h',
      ...NOTHING,
    });
  }
});

test('a time is asked for in no more points than the service gives', () => {
  const day: Span = { fromMs: 0, toMs: 86_400_000 };
  for (const span of [...(Object.keys(RANGES) as (keyof typeof RANGES)[]), day]) {
    const { fromMs, toMs } = limitsOf(span, 1e12);
    assert.ok((toMs - fromMs) / 1_000 / stepOf(span) <= 2_000);
  }
});

test('what of the fleet is looked at stands in the address, with anything that a name may hold', () => {
  const fleet = {
    service: 'orders',
    instance: '[::1]:8080',
    state: 'unreachable',
    status: 'degraded',
    label: 'team:shop & söhne?',
    search: '100 %',
    group: 'team',
  };
  const { pathname, search } = new URL(writeAddress({ tab: '/fleet', span: '24h', fleet }), 'http://page');
  assert.deepEqual(readAddress(pathname, search), { ...NOTHING, tab: '/fleet', span: '24h', fleet });
  // Another view has nothing of it.
  assert.equal(new URL(writeAddress({ tab: '/audit', span: '24h', fleet }), 'http://page').search, '');
});

test('zooming out doubles what is shown around its middle, not beyond now, and at last shows a year', () => {
  const hour = 3_600_000;
  assert.deepEqual(zoomedOut({ fromMs: 10 * hour, toMs: 12 * hour }, 100 * hour), {
    fromMs: 9 * hour,
    toMs: 13 * hour,
  });
  assert.deepEqual(zoomedOut({ fromMs: 10 * hour, toMs: 12 * hour }, 12 * hour), {
    fromMs: 8 * hour,
    toMs: 12 * hour,
  });
  assert.equal(zoomedOut({ fromMs: 0, toMs: 5_000 * hour }, 6_000 * hour), '1y');
});

test('which incidents are listed stands in the address, and goes with no other view', () => {
  const filter = { kind: 'health', about: 'orders', code: 'DATABASE_TIMEOUT' };
  const path = writeAddress({ tab: '/incidents', span: '24h', filter });
  assert.ok(path.endsWith('/incidents?kind=health&about=orders&code=DATABASE_TIMEOUT'), path);
  const { pathname, search } = new URL(path, 'http://page');
  assert.deepEqual(readAddress(pathname, search).filter, filter);
  const events = new URL(writeAddress({ tab: '/events', span: '24h', filter }), 'http://page');
  assert.equal(events.search, '?kind=health', 'of events there is one filter');
  assert.deepEqual(readAddress(events.pathname, events.search).filter, { ...ALL_INCIDENTS, kind: 'health' });
  assert.ok(!writeAddress({ tab: '/audit', span: '24h', filter }).includes('?'));
});
