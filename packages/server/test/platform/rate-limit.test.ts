import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { clientAddress } from '../../src/platform/client-address.js';
import { createRateLimit } from '../../src/platform/rate-limit.js';

function limitOf(options: { readonly most: number; readonly mostKeys?: number }) {
  const clock = { nowMs: 5_000 };
  return { clock, limit: createRateLimit({ ...options, now: () => clock.nowMs }) };
}

describe('a rate limit', () => {
  test('lets in as many as it says in a window, then says how long to wait, then begins anew', () => {
    const { clock, limit } = limitOf({ most: 2 });
    assert.deepEqual([limit.count('a'), limit.count('a')], [undefined, undefined]);
    clock.nowMs += 20_000;
    assert.equal(limit.count('a'), 40_000);
    clock.nowMs += 40_000;
    assert.equal(limit.count('a'), undefined);
  });

  test('counts each for itself', () => {
    const { limit } = limitOf({ most: 1 });
    assert.deepEqual([limit.count('a'), limit.count('b'), limit.count('a')], [undefined, undefined, 60_000]);
  });

  test('0 is no limit', () => {
    const { limit } = limitOf({ most: 0 });
    assert.ok(Array.from({ length: 1_000 }, () => limit.count('a')).every((wait) => wait === undefined));
  });

  test('forgets the oldest windows rather than grow', () => {
    const { limit } = limitOf({ most: 1, mostKeys: 2 });
    for (const key of ['a', 'b', 'c']) limit.count(key);
    assert.deepEqual([limit.count('c'), limit.count('a')], [60_000, undefined]);
  });
});

test('an address tells clients apart: IPv4 as it is, IPv6 by its network', () => {
  for (const [address, expected] of [
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:DB8:01:2::9', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['::1', '0:0:0:0'],
  ] as const) {
    assert.equal(clientAddress(address), expected, address);
  }
});
