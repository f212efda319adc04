/** The network of the watcher itself is cut, in a namespace of the test's own: nobody is called down. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { runScene } from './far-network.js';
import type { CutResult } from './fleet-cut-scene.js';

let result: CutResult;

before(async () => {
  result = await runScene<CutResult>('fleet-cut-scene');
});

test('an instance that cannot be reached from here, by IPv6 where there is none, makes nobody blind', () => {
  assert.deepEqual(result.before.filter((line) => !line.startsWith('portal ')).toSorted(), [
    'orders healthy',
    'sixth unhealthy INSTANCE_REFUSED',
    'stock healthy',
  ]);
});

test('the watcher is blind once, and sees again', () => {
  assert.ok(result.wasBlind);
  assert.deepEqual(result.sight, ['blind', 'seeing']);
});

test('no service and no instance is called down meanwhile or afterwards', () => {
  const words = new Set(result.meanwhile.map((status) => status.split(' ')[0]));
  assert.ok(
    [...words].every((word) => word === 'healthy' || word === 'unknown'),
    [...words].join(),
  );
  assert.deepEqual(
    result.events.filter((event) => /(unreachable|unhealthy|degraded|gone)$/.test(event)),
    [],
  );
});
