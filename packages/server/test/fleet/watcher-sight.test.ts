import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createWatcherSight } from '../../src/fleet/watcher-sight.js';
import { createLog } from '../../src/infra/log.js';

test('a blindness that is over before anybody has looked is told all the same, once', () => {
  let seeing = 0;
  const sight = createWatcherSight({
    log: createLog({ level: 'silent' }),
    onSeeing: () => seeing++,
  });
  sight.goBlind();
  const nowMs = Date.now() + 1_000;
  const well = [{ service: 'a', answeredAt: nowMs - 1, lostAt: null, windowMs: 13_000 }];
  sight.judge(well, nowMs, undefined);
  assert.ok(sight.isBlind());
  sight.judge(well, nowMs + 1_000, undefined);
  assert.deepEqual([sight.isBlind(), sight.blindSince(), seeing], [false, null, 1]);
});
