import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readFleetFile } from '../../src/fleet/file/fleet-file.js';
import type { Observation } from '../../src/fleet/observation.js';
import { createServiceWatch, type ServiceWatch } from '../../src/fleet/service-watch.js';

const NOW_MS = 1_000_000_000;
const EYES = { isBlind: false, answeredAt: Number.POSITIVE_INFINITY, windowMs: 0 };
const TARGETS = Array.from({ length: 4 }, (_, index) => `10.0.0.${index}:80`);

function says(codes: readonly string[] = []): Observation {
  return {
    kind: 'answered',
    isTokenWithheld: false,
    reading: {
      health: codes.length === 0 ? 'healthy' : 'degraded',
      codes,
      startedAtMs: null,
      sourceHash: null,
    },
  };
}

/** A service of four instances of which three are expected. */
function watched(targets: readonly string[] = TARGETS): {
  readonly watch: ServiceWatch;
  readonly list: (targets: readonly string[], atMs: number) => void;
  readonly poll: (instance: string, observation: Observation) => void;
} {
  const yaml =
    'services: [{ name: orders, discover: { file_sd: [/targets.json] }, expect: { instances: 3, usable: 1 } }]';
  const watch = createServiceWatch(readFleetFile(yaml).services[0] ?? assert.fail(), NOW_MS);
  const list = (next: readonly string[], atMs: number): void => {
    watch.discovered({ kind: 'list', targets: next }, atMs);
    watch.update(atMs, false);
  };
  const poll = (key: string, observation: Observation): void => {
    const { instances } = watch;
    assert.ok(instances.kind === 'polled');
    instances.polled(key, { key, atMs: NOW_MS, durationMs: 5, observation }, EYES);
  };
  list(targets, NOW_MS);
  for (const target of targets) poll(target, says());
  return { watch, list, poll };
}

describe('a list that halves', () => {
  function standing(watch: ServiceWatch, atMs: number): readonly unknown[] {
    watch.update(atMs, false);
    const { counts, codes, verdict } = watch.view();
    return [counts.healthy, counts.gone, codes.join(), verdict.status];
  }

  test('has lost nobody by failure: half are gone, and too few are told after two minutes', () => {
    const { watch, list } = watched();
    list(TARGETS.slice(0, 2), NOW_MS + 1_000);
    assert.deepEqual(standing(watch, NOW_MS + 120_000), [2, 2, '', 'healthy']);
    assert.deepEqual(standing(watch, NOW_MS + 121_000), [2, 2, 'FLEET_TOO_FEW', 'degraded']);
    list(TARGETS, NOW_MS + 122_000);
    assert.deepEqual(watch.view().codes, []);
  });

  test('that still has as many as are expected is whole', () => {
    const { watch, list } = watched([...TARGETS, '10.0.0.8:80', '10.0.0.9:80']);
    list(TARGETS.slice(0, 3), NOW_MS + 1_000);
    assert.deepEqual(standing(watch, NOW_MS + 600_000), [3, 3, '', 'healthy']);
  });

  test('while the clock is set back by an hour has too few two minutes later, not an hour', () => {
    const { watch, list } = watched();
    list(TARGETS.slice(0, 2), NOW_MS);
    const backMs = NOW_MS - 3_600_000;
    assert.deepEqual(standing(watch, backMs), [2, 2, '', 'healthy']);
    assert.ok(watch.view().since <= backMs);
    assert.deepEqual(standing(watch, backMs + 120_000), [2, 2, 'FLEET_TOO_FEW', 'degraded']);
  });
});

test('of unknown codes sixteen are shown of a service, whoever reports them, and they hide no known one', () => {
  const letters = 'ABCDEFGHIJKLMNOPQRST';
  const { watch, poll } = watched();
  const codes = (from: number, to: number): readonly string[] =>
    Array.from(letters.slice(from, to), (letter) => `CODE_${letter}`);
  poll(TARGETS[0] ?? '', says(codes(0, 10)));
  poll(TARGETS[1] ?? '', says([...codes(5, 20), 'DATABASE_TIMEOUT']));
  for (let times = 0; times < 3; times += 1) {
    poll(TARGETS[0] ?? '', says(codes(0, 10)));
    poll(TARGETS[1] ?? '', says([...codes(5, 20), 'DATABASE_TIMEOUT']));
    poll(TARGETS[2] ?? '', { kind: 'failed', code: 'INSTANCE_TIMEOUT' });
  }
  assert.deepEqual(watch.view().codes, [...codes(0, 16), 'DATABASE_TIMEOUT', 'INSTANCE_TIMEOUT']);
});
