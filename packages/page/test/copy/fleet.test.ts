import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WHOLE_FLEET } from '../../src/address.js';
import type { FleetDeltaDocument } from 'portal-server/api';
import { withDelta } from '../../src/api/use-fleet.js';
import { cellAt, layoutCells } from '../../src/charts/cells.js';
import { filtered, fleetSummary, groupsOf, usableText, type FleetService } from '../../src/copy/fleet.js';

const NONE = { healthy: 0, degraded: 0, unhealthy: 0, unreachable: 0, gone: 0, new: 0, unknown: 0 };

function service(name: string, part: Partial<FleetService> = {}): FleetService {
  return {
    name,
    status: 'healthy',
    since: '2026-03-01T02:41:00Z',
    labels: {},
    instances: { ...NONE, healthy: 3 },
    expected: 3,
    need: 2,
    tolerated: 0,
    codes: [],
    cells: 'hhh',
    ...part,
  } as FleetService;
}

const orders = service('orders', {
  status: 'degraded',
  labels: { team: 'shop' },
  instances: { ...NONE, healthy: 2, unreachable: 1 },
  codes: ['INSTANCE_TIMEOUT'],
  cells: 'hxh',
});
const billing = service('billing', { labels: { team: 'money' } });

test('how many services need somebody, and what of a service is usable', () => {
  assert.equal(fleetSummary([orders, billing]), '1 of 2 services needs you');
  assert.equal(fleetSummary([billing, service('mail')]), 'all 2 services healthy');
  assert.equal(fleetSummary([billing]), 'this service alone, healthy');
  assert.equal(usableText(orders), '2 of 3 usable, 1 unreachable');
});

test('a filter asks for all that it says, and a search looks at names, labels and codes', () => {
  const names = (part: Partial<typeof WHOLE_FLEET>): readonly string[] =>
    filtered([orders, billing], { ...WHOLE_FLEET, ...part }).map(({ name }) => name);
  assert.deepEqual(names({}), ['orders', 'billing']);
  assert.deepEqual(names({ label: 'team:money' }), ['billing']);
  assert.deepEqual(names({ label: 'team:money', status: 'degraded' }), []);
  assert.deepEqual(names({ search: ' TIMEOUT ' }), ['orders']);
  assert.deepEqual(names({ search: 'team:shop' }), ['orders']);
});

test('groups are those of a label, or of the first cause', () => {
  const names = (by: string): readonly string[] => groupsOf([orders, billing], by).map(({ name }) => name);
  assert.deepEqual(names(''), ['']);
  assert.deepEqual(names('team'), ['team: shop', 'team: money']);
  assert.deepEqual(names('zone'), ['without zone']);
  assert.deepEqual(names('cause'), [
    'The instance does not respond in time (INSTANCE_TIMEOUT)',
    'no cause known',
  ]);
});

test('what has changed takes the place of what was, and the worst come first', () => {
  const fleet = { fleet: 'prod', status: 'healthy', checked_at: '', blind: null, codes: [] } as const;
  const changed = { ...billing, status: 'unhealthy' as const };
  const delta: FleetDeltaDocument = { ...fleet, status: 'unhealthy', services: [changed], removed: ['mail'] };
  const { status, services } = withDelta({ ...fleet, services: [orders, service('mail'), billing] }, delta);
  assert.equal(status, 'unhealthy');
  assert.deepEqual(services, [changed, orders]);
});

test('each cell is found where it is drawn, whatever the width, and nothing is found between services', () => {
  const rows = [
    { service: 'orders', cells: orders.cells, sources: '' },
    { service: 'billing', cells: 'hhd', sources: '=!-' },
    { service: 'empty', cells: '', sources: '' },
    { service: 'mail', cells: 'g', sources: '' },
  ];
  for (const width of [16, 50, 1_000]) {
    const layout = layoutCells(rows, width);
    rows.forEach(({ service: name, cells, sources }, index) => {
      cells.split('').forEach((letter, at) => {
        const place = (layout.starts[index] ?? 0) + at;
        const x = (place % layout.columns) * layout.size + 1;
        const y = Math.floor(place / layout.columns) * layout.size + 1;
        assert.ok(y < layout.height);
        assert.deepEqual(cellAt(rows, layout, x, y), { service: name, letter, source: sources[at] ?? '=' });
      });
    });
    const gap = orders.cells.length;
    const x = (gap % layout.columns) * layout.size + 1;
    assert.equal(cellAt(rows, layout, x, Math.floor(gap / layout.columns) * layout.size + 1), null);
  }
  assert.equal(cellAt(rows, layoutCells(rows, 1_000), -1, 1), null);
  assert.equal(cellAt(rows, layoutCells(rows, 1_000), 1, 1_000), null);
});
