import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, test } from 'node:test';
import { waitFor } from 'portal-test-kit';
import { createSampler, type Pace, type Sampler } from '../src/sampler.js';
import type { Outcome, Probe } from '../src/types.js';

const HOUR_MS = 3_600_000;
const up: Outcome = { state: 'up', latencyMs: 1, problems: [] };
const busy: Outcome = { state: 'down', latencyMs: null, problems: ['THREAD_POOL_BUSY'], isOwnProblem: true };

interface Stage {
  readonly sampler: Sampler<undefined>;
  readonly runs: () => number;
  readonly find: (outcome: Outcome) => void;
  readonly use: (inUse: boolean) => void;
}

async function withSampler(pace: Partial<Pace>, work: (stage: Stage) => Promise<void>): Promise<void> {
  let runs = 0;
  let inUse = false;
  let outcome = up;
  const probe: Probe = {
    name: 'fake',
    run: async () => {
      runs += 1;
      return outcome;
    },
    failed: () => ({ state: 'down', latencyMs: null, problems: ['CHECK_TIMEOUT'] }),
  };
  const sampler = createSampler(
    probe,
    {
      intervalMs: HOUR_MS,
      idleIntervalMs: HOUR_MS,
      jitter: 0,
      deadlineMs: 100,
      staleAfterIntervals: 3,
      ...pace,
    },
    () => undefined,
    () => inUse,
  );
  try {
    await work({
      sampler,
      runs: () => runs,
      find: (found) => (outcome = found),
      use: (now) => (inUse = now),
    });
  } finally {
    await sampler.close();
  }
}

describe('the pace follows need', () => {
  test('while nobody looks it is the slower one; as soon as somebody does, the faster one', async () => {
    await withSampler({ intervalMs: 20 }, async ({ sampler, runs, use }) => {
      await sampler.start();
      await sleep(200);
      assert.equal(runs(), 1, 'an hour has not passed');
      use(true);
      sampler.speedUp();
      await waitFor('runs at the faster pace', () => runs() >= 4);
    });
  });

  test('who looks after a quiet time has a run at once, and the change of pace alone makes nothing stale', async () => {
    await withSampler({ intervalMs: 50 }, async ({ sampler, runs, use }) => {
      await sampler.start();
      // As long as three of the faster intervals: by that pace the result would be stale.
      await sleep(200);
      use(true);
      sampler.speedUp();
      assert.equal(sampler.isStale(performance.now()), false);
      await waitFor('the run', () => runs() >= 2);
    });
  });

  test('who looks while the last run is young waits for the next one of the faster pace', async () => {
    await withSampler({}, async ({ sampler, runs, use }) => {
      await sampler.start();
      use(true);
      for (let times = 0; times < 100; times += 1) sampler.speedUp();
      await sleep(50);
      assert.equal(runs(), 1);
    });
  });
});

describe('an early run', () => {
  test('comes at once on a sign, and only one: further signs wait for the interval', async () => {
    await withSampler({}, async ({ sampler, runs }) => {
      sampler.probeNow();
      assert.equal(runs(), 0, 'not before the start');
      await sampler.start();
      for (let signs = 0; signs < 1_000; signs += 1) {
        sampler.probeNow();
        if (signs % 100 === 0) await sleep(5);
      }
      assert.equal(runs(), 2);
    });
  });

  test('whatever asks for them, runs are bounded by time ÷ interval + 2', async () => {
    const intervalMs = 40;
    await withSampler({ intervalMs, idleIntervalMs: 200 }, async ({ sampler, runs, use }) => {
      const beganMs = performance.now();
      await sampler.start();
      for (let round = 0; round < 200; round += 1) {
        sampler.probeNow();
        use(round % 3 === 0);
        sampler.speedUp();
        await sleep(2);
      }
      // Timers of Node may fire up to a millisecond early.
      const most = (performance.now() - beganMs) / (intervalMs - 1) + 2;
      assert.ok(runs() <= most, `${runs()} runs, at most ${most}`);
    });
  });

  test('is not for a sampler that is closed', async () => {
    await withSampler({}, async ({ sampler, runs }) => {
      await sampler.start();
      await sampler.close();
      sampler.probeNow();
      sampler.speedUp();
      sampler.markStale();
      assert.equal(sampler.catchUp(performance.now() + HOUR_MS * 10), undefined);
      await sleep(20);
      assert.equal(runs(), 1);
    });
  });
});

describe('trouble of our own is no evidence', () => {
  test('the last real outcome stays, with what hinders beside it, until it is stale', async () => {
    await withSampler({ intervalMs: 30 }, async ({ sampler, runs, find, use }) => {
      await sampler.start();
      find(busy);
      use(true);
      sampler.speedUp();
      await waitFor('a run in vain', () => sampler.ownProblems().length > 0);
      assert.deepEqual(sampler.latest()?.outcome, up);
      const from = runs();
      await waitFor('it to be stale', () => sampler.isStale(performance.now()));
      assert.ok(runs() > from, 'after runs that had their chance');
      assert.deepEqual(sampler.ownProblems(), ['THREAD_POOL_BUSY']);
      find(up);
      await waitFor('recovery', () => !sampler.isStale(performance.now()));
      assert.deepEqual(sampler.ownProblems(), []);
    });
  });

  test('with no outcome before it nothing is known, and yet everything has been looked at', async () => {
    await withSampler({}, async ({ sampler, find }) => {
      find(busy);
      assert.equal(sampler.started(), false);
      await sampler.start();
      assert.equal(sampler.started(), true);
      assert.equal(sampler.latest(), undefined);
      assert.ok(sampler.isStale(performance.now()));
    });
  });
});

describe('after a pause of our own', () => {
  test('nothing is stale before one run had its chance, and an answer waits for that one', async () => {
    await withSampler({}, async ({ sampler, runs, find }) => {
      await sampler.start();
      const laterMs = performance.now() + HOUR_MS * 10;
      assert.equal(sampler.isStale(laterMs), false);
      find({ state: 'down', latencyMs: null, problems: ['CHECK_FAILED'] });
      await sampler.catchUp(laterMs);
      assert.deepEqual([runs(), sampler.latest()?.outcome.state], [2, 'down']);
      assert.equal(sampler.catchUp(performance.now()), undefined, 'nothing to wait for any more');
    });
  });

  test('a run that never comes does not keep an old result alive', async () => {
    await withSampler({}, async ({ sampler }) => {
      await sampler.start();
      const laterMs = performance.now() + HOUR_MS * 10;
      assert.equal(sampler.isStale(laterMs), false);
      assert.equal(sampler.isStale(laterMs + 199), false);
      assert.equal(sampler.isStale(laterMs + 200), true, 'two deadlines later');
    });
  });

  test('time that no clock of ours has counted counts all the same', async () => {
    await withSampler({}, async ({ sampler, runs }) => {
      await sampler.start();
      sampler.markStale();
      await waitFor('a run', () => runs() === 2);
    });
  });
});
