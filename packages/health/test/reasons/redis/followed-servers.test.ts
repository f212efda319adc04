import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFollowedServers } from '../../../src/reasons/redis/followed-servers.js';
import type { CacheFacts } from '../../../src/statistics/cache-facts.js';

const facts = (runId: string, memoryBytes: number, isLinkDown = false): CacheFacts =>
  ({ runId, memoryBytes, isLinkDown }) as CacheFacts;

test('each server is compared with its own last reading, and a restarted one begins anew', () => {
  const followed = createFollowedServers();
  followed.read([facts('a', 1), facts('b', 10)], 0);
  const [b, restarted] = followed.read([facts('b', 20), facts('c', 5)], 2_000);
  assert.deepEqual([b?.before?.memoryBytes, b?.sinceBeforeMs], [10, 2_000]);
  assert.deepEqual([restarted?.before, restarted?.sinceBeforeMs], [undefined, 0]);
});

test('a slope is of half its window to the whole of it, once there has been as much', () => {
  const followed = createFollowedServers();
  const sinceEarlierMs: number[] = [];
  for (let nowMs = 0; nowMs <= 1_200_000; nowMs += 10_000) {
    const [history] = followed.read([facts('a', nowMs)], nowMs);
    if (nowMs >= 150_000) sinceEarlierMs.push(history?.sinceEarlierMs ?? 0);
  }
  assert.deepEqual([Math.min(...sinceEarlierMs), Math.max(...sinceEarlierMs)], [150_000, 290_000]);
});

test('a link that is down is timed by our own clock, until it is up', () => {
  const followed = createFollowedServers();
  const downMs = [true, true, false, true].map((isDown, place) => {
    const [history] = followed.read([facts('a', 1, isDown)], place * 1_000);
    return history?.linkDownMs;
  });
  assert.deepEqual(downMs, [0, 1_000, 0, 0]);
});

test('servers are bounded: those read longest ago are dropped', () => {
  const followed = createFollowedServers();
  followed.read([facts('first', 1)], 0);
  followed.read(
    Array.from({ length: 64 }, (_, place) => facts(String(place), 1)),
    1_000,
  );
  assert.equal(followed.read([facts('first', 1)], 2_000)[0]?.before, undefined);
});
