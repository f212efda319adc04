/** What a pause covers, and for how long. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { covers, pausedUntil, type Pause } from '../../../src/monitoring/pauses/pause.js';

const ORDERS = { name: 'orders', labels: { team: 'shop', database: 'pg-2' } };

function pause(change: Partial<Pause>): Pause {
  return {
    id: 1,
    service: null,
    label: null,
    from: 100,
    until: 200,
    reason: 'why',
    author: 'anna',
    isPlanned: false,
    ...change,
  };
}

test('a service by its name, or by one of its labels as a whole', () => {
  assert.ok(covers({ service: 'orders', label: null }, ORDERS));
  assert.ok(covers({ service: null, label: 'database:pg-2' }, ORDERS));
  for (const label of ['database:pg', 'database:pg-22', 'data:pg-2', 'pg-2', 'shop']) {
    assert.ok(!covers({ service: null, label }, ORDERS), label);
  }
  assert.ok(!covers({ service: 'order', label: null }, ORDERS));
});

test('from its begin until before its end, and until the last of those that last', () => {
  const pauses = [
    pause({ service: 'orders' }),
    pause({ label: 'team:shop', from: 150, until: 400 }),
    pause({ service: 'other', until: 900 }),
  ];
  assert.deepEqual(
    [99, 100, 149, 150, 399, 400].map((at) => pausedUntil(pauses, ORDERS, at)),
    [null, 200, 200, 400, 400, null],
  );
});
