import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { addUp, isClusterDown, readInfo } from '../../src/statistics/cache.js';
import { cacheStatistics, type CacheFigures } from '../../src/statistics/cache-figures.js';

const INFO = `# Server
redis_version:7.0.15
redis_mode:standalone
uptime_in_seconds:86400

# Clients
connected_clients:5
maxclients:10000

# Memory
used_memory:1814192
used_memory_human:1.73M
maxmemory:0
maxmemory_human:0B
maxmemory_policy:noeviction

# Persistence
loading:0
async_loading:0

# Stats
total_commands_processed:75000
evicted_keys:0
keyspace_hits:962
keyspace_misses:38

# Replication
role:master
connected_slaves:0

# Errorstats
errorstat_ERR:count=3

# Keyspace
db0:keys=150,expires=10,avg_ttl=0
db11:keys=50,expires=0,avg_ttl=0,subexpiry=0
`.replaceAll('\n', '\r\n');

const FIGURES: CacheFigures = {
  memoryBytes: 1_814_192,
  keys: 200,
  clients: 5,
  uptimeSeconds: 86_400,
  evictedKeys: 0,
  hits: 962,
  misses: 38,
  commands: 75_000,
};

/** INFO with some lines changed; `undefined` leaves the line out. */
function infoWith(changes: Readonly<Record<string, string | undefined>>): string {
  const lines = INFO.split('\r\n').flatMap((line) => {
    const name = line.split(':')[0] ?? '';
    if (!(name in changes)) return [line];
    const value = changes[name];
    return value === undefined ? [] : [`${name}:${value}`];
  });
  return lines.join('\r\n');
}

describe('an INFO', () => {
  test("gives the published page's figures", () => {
    // What reasons are made of is tested where they are.
    const info = readInfo(INFO);
    assert.ok(info);
    const { facts: _facts, ...reading } = info;
    assert.deepEqual(reading, {
      figures: FIGURES,
      loading: false,
      readOnly: false,
      outOfMemory: false,
      isOfCluster: false,
      errorCounters: {
        runId: undefined,
        replied: new Map([['ERR', 3]]),
        saveFailed: false,
        changes: null,
        goodReplicas: null,
        masterIsAway: false,
      },
    });
    assert.deepEqual(cacheStatistics(reading.figures), {
      memory_usage_bytes: 1_814_192,
      total_keys: 200,
      connected_clients: 5,
      uptime_seconds: 86_400,
      evicted_keys: 0,
      hit_rate: 96.2,
      total_commands_processed: 75_000,
    });
  });

  test('with bare line ends is the same', () => {
    assert.deepEqual(readInfo(INFO.replaceAll('\r\n', '\n'))?.figures, FIGURES);
  });

  test('of an empty server has 0 keys, of one that says nothing about keys has null', () => {
    assert.equal(readInfo(infoWith({ db0: undefined, db11: undefined }))?.figures.keys, 0);
    const silent = INFO.slice(0, INFO.indexOf('# Keyspace'));
    assert.equal(readInfo(silent)?.figures.keys, null);
  });

  test('with a figure that is none leaves just that one unmeasured', () => {
    for (const none of ['', '-1', 'NaN', 'Infinity', '1e9', '0x10', ' 5', '5 ', '٥', '9'.repeat(400)]) {
      assert.deepEqual(
        readInfo(infoWith({ connected_clients: none }))?.figures,
        { ...FIGURES, clients: null },
        JSON.stringify(none),
      );
    }
    assert.equal(readInfo(infoWith({ db0: 'keys=,expires=0' }))?.figures.keys, null);
  });

  test('tells that the server loads its data', () => {
    assert.equal(readInfo(infoWith({ loading: '1' }))?.loading, true);
    assert.equal(
      readInfo(infoWith({ async_loading: '1' }))?.loading,
      false,
      'it serves the old data meanwhile',
    );
  });

  test('tells a replica that refuses writes from one that takes them, under both names', () => {
    const readOnly = (lines: string): boolean | undefined => readInfo(infoWith({ role: lines }))?.readOnly;
    assert.equal(readOnly('slave'), true);
    assert.equal(readOnly('slave\r\nslave_read_only:1'), true);
    assert.equal(readOnly('slave\r\nslave_read_only:0'), false);
    assert.equal(readOnly('replica\r\nreplica_read_only:0'), false);
    assert.equal(readOnly('master\r\nslave_read_only:1'), false);
  });

  test('tells that writes are refused for lack of memory: used up, and nothing may be evicted', () => {
    const outOfMemory = (changes: Readonly<Record<string, string>>): boolean | undefined =>
      readInfo(infoWith(changes))?.outOfMemory;
    assert.equal(outOfMemory({ maxmemory: '1814192' }), true);
    assert.equal(outOfMemory({ maxmemory: '1814193' }), false);
    assert.equal(outOfMemory({ maxmemory: '0' }), false);
    assert.equal(outOfMemory({ maxmemory: '1', maxmemory_policy: 'allkeys-lru' }), false);
    assert.equal(outOfMemory({ maxmemory: '1', maxmemory_policy: 'volatile-lru' }), false, 'ten keys may go');
    assert.equal(
      outOfMemory({ maxmemory: '1', maxmemory_policy: 'volatile-lru', db0: 'keys=150,expires=0,avg_ttl=0' }),
      true,
      'no key may go',
    );
  });

  test('cut off anywhere has right figures or none, never a piece of a number', () => {
    for (let end = 0; end < INFO.length; end += 1) {
      const figures = readInfo(INFO.slice(0, end))?.figures;
      if (figures === undefined) continue;
      // A list of databases cut between two of them looks complete.
      if (/db0:.*\r\n$/.test(INFO.slice(0, end))) continue;
      for (const [name, figure] of Object.entries(figures)) {
        const whole = FIGURES[name as keyof CacheFigures];
        const empty = name === 'keys' && /# Keyspace\r?\n$/.test(INFO.slice(0, end)) ? 0 : whole;
        assert.ok(figure === null || figure === empty, `${name} is ${figure} at ${end}`);
      }
    }
  });

  test('that is none is no reading', () => {
    for (const answer of [
      undefined,
      null,
      1,
      '',
      'OK',
      'PONG',
      '<html>',
      {},
      Buffer.from(INFO),
      '\r\n'.repeat(99),
    ]) {
      assert.equal(readInfo(answer), undefined);
    }
  });

  test('of any text is read without a throw, in figures that are finite and not negative', () => {
    const line = fc.oneof(
      fc.constantFrom(...INFO.split('\r\n')),
      fc.string({ unit: 'binary' }),
      fc
        .tuple(fc.constantFrom('used_memory', 'db0', 'role', 'maxmemory'), fc.string())
        .map((pair) => pair.join(':')),
    );
    fc.assert(
      fc.property(fc.array(line), fc.constantFrom('\r\n', '\n', '\r'), (lines, end) => {
        const reading = readInfo(lines.join(end));
        for (const figure of Object.values(reading?.figures ?? {})) {
          assert.ok(figure === null || (Number.isFinite(figure) && figure >= 0));
        }
      }),
    );
  });

  test('is read whatever stands between its lines, and in whatever order', () => {
    const strange = fc
      .string()
      .filter((text) => !/[\r\n]/.test(text) && !INFO.includes(`\r\n${text.split(':')[0]}:`));
    const lines = INFO.trimEnd().split('\r\n');
    fc.assert(
      fc.property(
        fc.shuffledSubarray(lines, { minLength: lines.length }),
        fc.array(strange, { maxLength: 20 }),
        (shuffled, more) => {
          const mixed = [...shuffled.slice(0, 10), ...more, ...shuffled.slice(10)];
          assert.deepEqual(readInfo(`${mixed.join('\r\n')}\r\n`)?.figures, FIGURES);
        },
      ),
    );
  });

  test('is read for its first million characters and no more', () => {
    assert.equal(readInfo(INFO + 'x'.repeat(2_000_000))?.figures.memoryBytes, 1_814_192);
    assert.equal(readInfo(`${'x'.repeat(1_000_000)}\r\n${INFO}`), undefined);
  });
});

test('a cluster is down by its state, by slots that nobody serves, and by no answer that says nothing', () => {
  const slots = 'cluster_slots_assigned:16384\r\ncluster_slots_ok:16384\r\n';
  assert.equal(isClusterDown(`cluster_state:ok\r\n${slots}cluster_slots_fail:0`), false);
  assert.equal(isClusterDown(`cluster_state:fail\r\n${slots}`), true);
  assert.equal(
    isClusterDown('cluster_state:ok\r\ncluster_slots_assigned:16383\r\n'),
    true,
    'a slot without a node',
  );
  assert.equal(
    isClusterDown(`cluster_state:ok\r\n${slots}cluster_slots_fail:5461\r\n`),
    true,
    'a node that is gone',
  );
  for (const nothing of [undefined, '', 'OK', 7, 'cluster_state:'])
    assert.equal(isClusterDown(nothing), false);
});

describe('masters together', () => {
  test('are summed up, with the uptime of the one that was started last', () => {
    const restarted = { ...FIGURES, uptimeSeconds: 3, hits: 0, misses: 0 };
    assert.deepEqual(addUp([FIGURES, restarted]), {
      memoryBytes: 3_628_384,
      keys: 400,
      clients: 10,
      uptimeSeconds: 3,
      evictedKeys: 0,
      hits: 962,
      misses: 38,
      commands: 150_000,
    });
    assert.deepEqual(addUp([FIGURES]), FIGURES);
  });

  test('have no figure that one of them has not', () => {
    const summed = addUp([FIGURES, { ...FIGURES, keys: null, uptimeSeconds: null }]);
    assert.deepEqual([summed.keys, summed.uptimeSeconds, summed.clients], [null, null, 10]);
  });
});

test('the hit rate is a percentage with one decimal, and null before the first look-up', () => {
  const rate = (hits: number | null, misses: number | null): number | null =>
    cacheStatistics({ ...FIGURES, hits, misses }).hit_rate;
  assert.equal(rate(0, 0), null);
  assert.equal(rate(null, 5), null);
  assert.equal(rate(0, 5), 0);
  assert.equal(rate(5, 0), 100);
  assert.equal(rate(2, 1), 66.7);
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (hits, misses) => {
      const percent = rate(hits, misses);
      assert.ok(percent === null || (percent >= 0 && percent <= 100));
    }),
  );
});
