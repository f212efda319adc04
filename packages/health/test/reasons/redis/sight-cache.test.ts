import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProblemCode } from '../../../src/problems.js';
import { explain } from '../../../src/reasons/catalogue.js';
import { createCacheWatch } from '../../../src/reasons/redis/cache-watch.js';
import type { CacheFacts } from '../../../src/statistics/cache-facts.js';
import { readInfo } from '../../../src/statistics/cache.js';

/** As a quiet Redis 7 writes it; `parts` over it. */
function infoOf(parts: Readonly<Record<string, string | number>> = {}): CacheFacts {
  const quiet = {
    run_id: 'a1',
    uptime_in_seconds: 100,
    server_time_usec: 1_000_000_000,
    connected_clients: 10,
    maxclients: 100,
    used_memory: 1_000,
    maxmemory: 0,
    maxmemory_policy: 'noeviction',
    rdb_last_bgsave_status: 'ok',
    aof_last_write_status: 'ok',
    latest_fork_usec: 900_000,
    total_forks: 1,
    rejected_connections: 5,
    evicted_keys: 40,
    role: 'master',
  };
  const lines = Object.entries({ ...quiet, ...parts }).map(([name, value]) => `${name}:${value}\r\n`);
  const info = readInfo(`${lines.join('')}# Keyspace\r\ndb0:keys=1000,expires=400,avg_ttl=0\r\n`);
  assert.ok(info);
  return info.facts;
}

interface Step {
  readonly atS: number;
  readonly info: Readonly<Record<string, string | number>>;
  readonly problems?: readonly ProblemCode[];
}

/** What a watch says after the last of these readings. */
function sentencesAfter(...steps: readonly Step[]): readonly string[] {
  let nowMs = 0;
  const watch = createCacheWatch({ component: 'cache', now: () => nowMs });
  for (const { atS, info, problems = [] } of steps) {
    nowMs = atS * 1_000;
    watch.read({ facts: [infoOf(info)], problems });
  }
  return (watch.latest()?.sightings ?? []).map((sighting) => explain(sighting).sentence);
}

test('a quiet server has nothing to say, whatever its counters had counted before', () => {
  assert.deepEqual(sentencesAfter({ atS: 0, info: {} }, { atS: 2, info: {} }), []);
});

test('nearly full: at 90 % where nothing may be evicted, or soon at this rate', () => {
  const at = (used: number, more: Readonly<Record<string, string>> = {}): readonly string[] =>
    sentencesAfter({ atS: 0, info: { maxmemory: 1_000, used_memory: used, ...more } });
  assert.deepEqual(at(905), [
    'The cache uses 90 % of its memory and may evict nothing; 60 % of its keys never expire',
  ]);
  assert.deepEqual(at(895), []);
  assert.deepEqual(at(999, { maxmemory_policy: 'allkeys-lru' }), []);
  assert.deepEqual(at(999, { maxmemory_policy: 'volatile-ttl' }), []);
  const growing = (seconds: number, used: number): readonly string[] =>
    sentencesAfter(
      { atS: 0, info: { maxmemory: 1_000, used_memory: 400 } },
      { atS: seconds, info: { maxmemory: 1_000, used_memory: used } },
    );
  assert.match(growing(120, 450).join(), /uses 45 % of its memory .* at this rate it is full in 22 min/);
  assert.deepEqual(growing(120, 405), []);
  assert.deepEqual(growing(10, 450), [], 'too short a time for a rate');
});

test('a long fork, refused connections: once, for as long as a reader needs, not those of long ago', () => {
  const begun = { atS: 0, info: {} };
  const forked = { atS: 2, info: { latest_fork_usec: 700_000, total_forks: 2 } };
  assert.deepEqual(sentencesAfter(begun, forked), ['Saving stopped the cache for 700 ms']);
  assert.deepEqual(sentencesAfter(begun, forked, { ...forked, atS: 12 }), [
    'Saving stopped the cache for 700 ms',
  ]);
  assert.deepEqual(sentencesAfter(begun, forked, { ...forked, atS: 20 }), []);
  assert.deepEqual(
    sentencesAfter(begun, { atS: 2, info: { latest_fork_usec: 300_000, total_forks: 2 } }),
    [],
  );
  assert.deepEqual(sentencesAfter(begun, { atS: 2, info: { rejected_connections: 23 } }), [
    'The cache refused 18 connections since the last look',
  ]);
  assert.deepEqual(sentencesAfter({ atS: 0, info: { connected_clients: 91 } }), [
    '91 of 100 connections of the cache are in use',
  ]);
});

test('what happened once is forgotten in time, also by a watch that nobody asks any more', async () => {
  let nowMs = 0;
  const watch = createCacheWatch({ component: 'cache', now: () => nowMs });
  const codes = (): readonly string[] => (watch.latest()?.sightings ?? []).map(({ code }) => code);
  const serverMs = 1_000_000;
  const readAt = (ms: number, problems: readonly ProblemCode[]): void => {
    nowMs = ms;
    watch.read({ facts: [infoOf({ server_time_usec: (serverMs + ms) * 1_000 })], problems });
  };
  readAt(0, []);
  readAt(20_000, ['CACHE_SLOW']);
  const slow = [1, (serverMs + 10_000) / 1_000, 400_000, ['KEYS', '*']];
  const connection = { slowCommands: async () => [slow], destroy: () => undefined };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  await watch.take([connection as never]);
  assert.deepEqual(codes(), ['CACHE_SLOW_COMMAND'], 'ten seconds after it has happened');
  nowMs = 26_000;
  assert.deepEqual(codes(), [], 'sixteen, though it was asked for six seconds ago');
});

test('a counter that fell begins anew, and another server is compared with nothing', () => {
  const begun = { atS: 0, info: {} };
  assert.deepEqual(sentencesAfter(begun, { atS: 2, info: { rejected_connections: 2 } }), [
    'The cache refused 2 connections since the last look',
  ]);
  assert.deepEqual(sentencesAfter(begun, { atS: 2, info: { run_id: 'b2', rejected_connections: 900 } }), []);
});

test('evictions: more than a percent of the keys a minute', () => {
  const begun = { atS: 0, info: {} };
  assert.deepEqual(sentencesAfter(begun, { atS: 2, info: { evicted_keys: 48 } }), [
    'The cache throws out 4 keys a second for lack of memory',
  ]);
  assert.deepEqual(sentencesAfter(begun, { atS: 60, info: { evicted_keys: 45 } }), []);
});

test('saves that fail, and writes that are refused with their cause', () => {
  const failed = { rdb_last_bgsave_status: 'err' };
  assert.match(sentencesAfter({ atS: 0, info: failed }).join(), /^The last save of the cache failed/);
  const refused = (info: Step['info'], problem: ProblemCode = 'CACHE_WRITES_REFUSED'): string =>
    sentencesAfter({ atS: 0, info, problems: [problem] }).join();
  assert.equal(refused(failed), 'The cache refuses writes: its last save to disk failed');
  assert.equal(
    refused({ aof_last_write_status: 'err' }),
    'The cache refuses writes: it cannot write its append-only file',
  );
  assert.equal(
    refused({ min_slaves_good_slaves: 0 }),
    'The cache refuses writes: too few replicas follow it',
  );
  assert.equal(refused({}), 'The cache refuses writes: why is not known');
  assert.equal(refused({}, 'CACHE_OUT_OF_MEMORY'), 'The cache refuses writes: its memory is full');
  assert.equal(refused({}, 'CACHE_READ_ONLY'), 'The cache refuses writes: it is a replica');
});

test('a replica without its master: after a minute, also where it never had one', () => {
  const down = (seconds: number): Step['info'] => ({
    role: 'slave',
    master_link_status: 'down',
    master_link_down_since_seconds: seconds,
  });
  assert.deepEqual(sentencesAfter({ atS: 0, info: down(59) }), []);
  assert.deepEqual(sentencesAfter({ atS: 0, info: down(61) }), [
    'The replica has lost its master since 61 s',
  ]);
  assert.deepEqual(sentencesAfter({ atS: 0, info: down(-1) }, { atS: 61, info: down(-1) }), [
    'The replica has lost its master since 61 s',
  ]);
});

test('lies: numbers of any size, thousands of servers', () => {
  const huge = {
    used_memory: 9e15,
    maxmemory: 1,
    connected_clients: 9e15,
    maxclients: 0,
    latest_fork_usec: 9e15,
  };
  const said = sentencesAfter({ atS: 0, info: {} }, { atS: 0, info: huge });
  assert.deepEqual(said.length, 2, said.join());
  const watch = createCacheWatch({ component: 'cache' });
  const many = Array.from({ length: 5_000 }, (_, at) =>
    infoOf({ run_id: String(at), connected_clients: 99 }),
  );
  watch.read({ facts: many, problems: [] });
  assert.equal(watch.latest()?.sightings.length, 1);
});
