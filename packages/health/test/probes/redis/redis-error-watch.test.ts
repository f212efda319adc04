import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRedisErrorWatch } from '../../../src/probes/redis/redis-error-watch.js';
import { readInfo } from '../../../src/statistics/cache.js';

test('counts that were reset and have grown again, to fewer than before, are refusals', () => {
  const watch = createRedisErrorWatch();
  const look = (count: number): readonly string[] => {
    const told = count > 0 ? `errorstat_OOM:count=${count}\n` : '';
    const reading = readInfo(`run_id:a\nused_memory:1\nuptime_in_seconds:1\n${told}`);
    assert.ok(reading);
    return watch.problemsOf(reading.errorCounters, '0');
  };
  assert.deepEqual(look(7), [], 'the first look');
  assert.deepEqual(look(3), ['CACHE_OUT_OF_MEMORY']);
  assert.deepEqual(look(3), []);
  assert.deepEqual(look(0), [], 'reset, and nobody refused since');
  assert.deepEqual(look(1), ['CACHE_OUT_OF_MEMORY']);
});
