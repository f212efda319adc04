import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { createLookupThrottle } from '../../../src/auth/sessions/lookup-throttle.js';

const QUICK = { everyMs: 20 };

test('those who come together leave together; an address has so many departures, then one more now and then', async () => {
  let nowMs = 0;
  const gate = createLookupThrottle({ ...QUICK, burst: 3, refillMs: 5_000, now: () => nowMs });
  for (let departure = 0; departure < 3; departure += 1) {
    const waits = await Promise.all(Array.from({ length: 300 }, () => gate.pass('192.0.2.1', 1)));
    assert.deepEqual(new Set(waits), new Set([undefined]));
  }
  assert.equal(await gate.pass('192.0.2.1', 1), 5_000);
  assert.equal(await gate.pass('192.0.2.2', 1), undefined, 'another address has its own');
  nowMs += 5_000;
  assert.equal(await gate.pass('192.0.2.1', 1), undefined);
  assert.equal(await gate.pass('192.0.2.1', 1), 5_000);
});

test('all addresses leave together', async () => {
  const gate = createLookupThrottle(QUICK);
  let left = 0;
  const passed = ['192.0.2.1', '192.0.2.2', '192.0.2.3'].map(async (address) => {
    await gate.pass(address, 4);
    left += 1;
  });
  await passed[0];
  await Promise.all(passed);
  assert.equal(left, 3);
});

test('no more wait than fit into one question', async () => {
  const gate = createLookupThrottle({ ...QUICK, most: 8 });
  const first = gate.pass('192.0.2.1', 4);
  const second = gate.pass('192.0.2.2', 4);
  assert.equal(await gate.pass('192.0.2.3', 1), 20);
  assert.deepEqual(await Promise.all([first, second]), [undefined, undefined]);
  assert.equal(await gate.pass('192.0.2.3', 1), undefined);
});

test('whoever comes again when told to, in whole seconds, finds the last departure of a flooded address still there', async () => {
  let nowMs = 0;
  const gate = createLookupThrottle({ everyMs: 1_000, burst: 1, refillMs: 5_000, now: () => nowMs });
  assert.equal(await gate.pass('192.0.2.1', 1), undefined);
  nowMs = 300;
  const closedMs = (await gate.pass('192.0.2.1', 1)) ?? 0;
  let hasLeft = false;
  // The flood asks at every moment, and so it is there first.
  nowMs = 5_000;
  const flood = gate.pass('192.0.2.1', 1).then(() => (hasLeft = true));
  await setTimeout(200);
  assert.equal(hasLeft, false);
  nowMs = 300 + Math.ceil(closedMs / 1_000) * 1_000;
  assert.equal(await gate.pass('192.0.2.1', 1), undefined);
  await flood;
});
