import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import { waitFor } from 'portal-test-kit';
import { createSampler, type Pace } from '../src/sampler.js';
import type { Outcome, Probe } from '../src/types.js';

const pace: Pace = {
  intervalMs: 40,
  idleIntervalMs: 40,
  jitter: 0.1,
  deadlineMs: 30,
  staleAfterIntervals: 3,
};
const up: Outcome = { state: 'up', latencyMs: 1, problems: [] };

/** A probe that does what `run` says, and counts. */
function probeOf(run: (signal: AbortSignal) => Promise<Outcome>) {
  const seen = { runs: 0, running: 0, mostAtOnce: 0, closed: 0 };
  const probe: Probe = {
    name: 'fake',
    async run(signal) {
      seen.runs += 1;
      seen.running += 1;
      seen.mostAtOnce = Math.max(seen.mostAtOnce, seen.running);
      try {
        return await run(signal);
      } finally {
        seen.running -= 1;
      }
    },
    failed: (reason) => ({
      state: 'down',
      latencyMs: null,
      problems: [reason === 'timeout' ? 'CHECK_TIMEOUT' : 'CHECK_FAILED'],
    }),
    async close() {
      seen.closed += 1;
    },
  };
  return { probe, seen };
}

/** Rejects when the run is ended, as a connection does that is destroyed. */
function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('destroyed')));
  });
}

test('asks at once, then at its interval, and never again after close', async () => {
  const { probe, seen } = probeOf(async () => up);
  const sampler = createSampler(probe, pace, () => undefined);
  assert.equal(sampler.latest(), undefined);
  await sampler.start();
  assert.deepEqual(sampler.latest()?.outcome, up);
  const startedMs = performance.now();
  await waitFor('some runs', () => seen.runs >= 8);
  const { runs } = seen;
  const ms = performance.now() - startedMs;
  await sampler.close();
  assert.ok(runs <= ms / pace.intervalMs + 2, `${runs} runs in ${ms} ms`);
  await sleep(120);
  assert.equal(seen.runs, runs);
  assert.equal(seen.closed, 1);
});

test('a run that hangs ends at the deadline, told by its signal, and the next one follows', async () => {
  const { probe, seen } = probeOf(untilAborted);
  const outcomes: Outcome[] = [];
  const sampler = createSampler(probe, pace, (outcome) => outcomes.push(outcome));
  await sampler.start();
  await waitFor('the next run', () => outcomes.length >= 2);
  await sampler.close();
  assert.ok(outcomes.every((outcome) => outcome.problems[0] === 'CHECK_TIMEOUT'));
  assert.equal(seen.mostAtOnce, 1, 'never two at once');
});

/** Keeps the event loop, as a long computation does. */
function block(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}

test('the time that a blocked event loop has lost is given to the run once more', async () => {
  const { probe } = probeOf(async () => {
    setTimeout(() => block(1_500), 10);
    // As many turns of the loop as a driver takes to connect, log in and ask, all after the block.
    for (let turn = 0; turn < 5; turn += 1) await sleep(20);
    return up;
  });
  const sampler = createSampler(probe, { ...pace, deadlineMs: 1_000 }, () => undefined);
  await sampler.start();
  await sampler.close();
  assert.equal(sampler.latest()?.outcome.state, 'up');
});

test('and no more than once: a run that hangs has a deadline all the same', async () => {
  const { probe } = probeOf((signal) => {
    setTimeout(() => block(150), 10);
    return untilAborted(signal);
  });
  const sampler = createSampler(probe, { ...pace, deadlineMs: 100 }, () => undefined);
  await sampler.start();
  await sampler.close();
  assert.deepEqual(sampler.latest()?.outcome.problems, ['CHECK_TIMEOUT']);
});

test('while nothing can be said because the loop is busy, what is known stands, and runs get longer', async () => {
  let hangs = false;
  const { probe, seen } = probeOf((signal) => (hangs ? untilAborted(signal) : Promise.resolve(up)));
  const outcomes: Outcome[] = [];
  const sampler = createSampler(probe, pace, (outcome) => outcomes.push(outcome));
  await sampler.start();
  hangs = true;
  let busy = true;
  const turn = (): void => {
    block(20);
    if (busy) setImmediate(turn);
  };
  setImmediate(turn);
  try {
    await waitFor('a run in vain', () => sampler.ownProblems().includes('EVENT_LOOP_DELAYED'));
    while (sampler.latest()?.outcome.state === 'up') {
      assert.equal(sampler.isStale(performance.now()), false);
      await sleep(1);
    }
    assert.deepEqual(sampler.latest()?.outcome.problems, ['CHECK_TIMEOUT'], 'found all the same');
  } finally {
    busy = false;
  }
  assert.ok(outcomes.filter(({ isOwnProblem }) => isOwnProblem).length >= 2);
  assert.equal(seen.mostAtOnce, 1);
  await sampler.close();
});

test('a run that never settles does not stop the sampling, and its late answer is discarded', async () => {
  let hang = true;
  let answerLate: (outcome: Outcome) => void = () => undefined;
  const { probe } = probeOf(() =>
    hang ? new Promise((resolve) => (answerLate = resolve)) : Promise.resolve(up),
  );
  const sampler = createSampler(probe, pace, () => undefined);
  await sampler.start();
  assert.equal(sampler.latest()?.outcome.problems[0], 'CHECK_TIMEOUT');
  hang = false;
  const first = answerLate;
  await waitFor('the next run', () => sampler.latest()?.outcome.state === 'up');
  first({ state: 'down', latencyMs: null, problems: ['CHECK_FAILED'] });
  await sleep(5);
  assert.equal(sampler.latest()?.outcome.state, 'up');
  await sampler.close();
});

test('a probe that throws, at once or later, is an outcome', async () => {
  const throwing = [
    () => {
      throw new Error('at once');
    },
    async () => {
      await sleep(1);
      throw new Error('later');
    },
  ];
  for (const run of throwing) {
    const { probe } = probeOf(run);
    const sampler = createSampler({ ...probe, run }, pace, () => undefined);
    await sampler.start();
    assert.deepEqual(sampler.latest()?.outcome.problems, ['CHECK_FAILED']);
    await sampler.close();
  }
});

test('an outcome is stale after three intervals without another', async () => {
  const { probe } = probeOf(async () => up);
  const sampler = createSampler(probe, pace, () => undefined);
  assert.ok(sampler.isStale(performance.now()), 'nothing is known before the first outcome');
  await sampler.start();
  const inMs = sampler.stalesAtMs(performance.now()) - performance.now();
  assert.ok(inMs > 0 && inMs <= 3 * pace.intervalMs, `stale in ${inMs} ms`);
  await sampler.close();
});

test('while a run may still be within its deadline, what is known is not stale', async () => {
  const patient: Pace = { ...pace, deadlineMs: 400 };
  const ages: number[] = [];
  const { probe } = probeOf(async (signal) => {
    if (sampler.latest()) ages.push(sampler.stalesAtMs(performance.now()) - performance.now());
    return untilAborted(signal);
  });
  const sampler = createSampler(probe, patient, () => undefined);
  await sampler.start();
  await waitFor('two more runs', () => ages.length >= 2);
  await sampler.close();
  // A machine that stands still takes its time from this.
  assert.ok(
    Math.max(...ages) >= patient.deadlineMs,
    `stale in ${Math.max(...ages)} ms, at the begin of a run`,
  );
});

test('close during a run ends it, and keeps the promise of start', async () => {
  let aborted = false;
  const { probe } = probeOf((signal) => {
    signal.addEventListener('abort', () => (aborted = true));
    return untilAborted(signal);
  });
  const sampler = createSampler(probe, { ...pace, deadlineMs: 60_000 }, () => undefined);
  const first = sampler.start();
  await sleep(5);
  await sampler.close();
  await first;
  assert.ok(aborted);
  assert.equal(sampler.latest(), undefined);
});

test('many may listen to the end of a run, as the connections to a large cluster do, without a warning', async () => {
  const warnings: string[] = [];
  const listen = ({ name }: Error): number => warnings.push(name);
  process.on('warning', listen);
  const { probe } = probeOf(async (signal) => {
    for (let each = 0; each < 50; each += 1) signal.addEventListener('abort', () => undefined);
    return up;
  });
  const sampler = createSampler(probe, pace, () => undefined);
  await sampler.start();
  await sampler.close();
  await sleep(10);
  process.off('warning', listen);
  assert.deepEqual(warnings, []);
});
