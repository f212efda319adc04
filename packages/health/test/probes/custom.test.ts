import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createCheckProbe, type Check } from '../../src/probes/custom.js';
import { NO_CLOCK, runProbe, outcomeOf } from './run-probe.js';

function probeOf(check: Check, slowMs?: number): ReturnType<typeof createCheckProbe> {
  return createCheckProbe({ name: 'mine', check, ...(slowMs === undefined ? {} : { slowMs }) });
}

/** Values that break whoever looks at them. */
const HOSTILE = [
  new Proxy(
    {},
    {
      get(): never {
        throw new Error('no');
      },
      getPrototypeOf(): never {
        throw new Error('no');
      },
    },
  ),
  Object.create(null) as object,
  Symbol('rubbish'),
  { message: 7, code: {} },
  { code: 'a b', message: Symbol('rubbish') },
  null,
  undefined,
  0,
  '',
  1n,
];

test('answers, at once or later: up, with the time it took', async () => {
  assert.equal(await outcomeOf(probeOf(() => undefined)), 'up');
  const outcome = await runProbe(probeOf(async () => sleep(20, true)));
  assert.deepEqual([outcome.state, outcome.problems], ['up', []]);
  assert.ok((outcome.latencyMs ?? 0) >= 15);
});

test('only `false` is a no among the answers', async () => {
  assert.equal(await outcomeOf(probeOf(() => false)), 'down CHECK_FAILED');
  assert.equal(await outcomeOf(probeOf(async () => false)), 'down CHECK_FAILED');
  for (const answer of [true, ...HOSTILE.slice(1)]) {
    assert.equal(await outcomeOf(probeOf(() => answer)), 'up');
    assert.equal(await outcomeOf(probeOf(async () => answer)), 'up');
  }
});

test('throws, rejects, or answers with something that cannot be awaited: down, the cause told where it is readable', async () => {
  for (const thrown of HOSTILE) {
    const failures: Check[] = [
      () => {
        throw thrown;
      },
      () => Promise.reject(thrown),
      () => ({
        // oxlint-disable-next-line unicorn/no-thenable -- an answer that breaks whoever awaits it
        get then() {
          throw thrown;
        },
      }),
    ];
    for (const check of failures) assert.equal(await outcomeOf(probeOf(check)), 'down CHECK_FAILED');
  }
  const outcome = await runProbe(
    probeOf(() => {
      throw Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
    }),
  );
  assert.deepEqual(outcome.cause, { code: 'ECONNREFUSED', message: 'connect' });
});

test('slow: CHECK_SLOW', async () => {
  assert.equal(await outcomeOf(probeOf(() => sleep(300), 50)), 'slow CHECK_SLOW');
});

test('never settles: CHECK_TIMEOUT at the deadline, told to the check by its signal', async () => {
  let told = false;
  const check: Check = (signal) =>
    new Promise(() => {
      signal.addEventListener('abort', () => {
        told = true;
      });
    });
  assert.equal(await outcomeOf(probeOf(check), 500), 'down CHECK_TIMEOUT');
  assert.ok(told);
});

test('what comes after the end is nobody’s business, and nothing listens any more', async () => {
  const controller = new AbortController();
  const running = probeOf(async () => {
    await sleep(20);
    throw new Error('later');
  }).run(controller.signal, NO_CLOCK);
  controller.abort();
  assert.equal((await running).state, 'down');
  assert.equal(getEventListeners(controller.signal, 'abort').length, 0);
  // Unhandled, the rejection would fail this test file.
  await sleep(30);
});

test('an answer leaves no listener on the signal, which may be used for more', async () => {
  const { signal } = new AbortController();
  assert.equal((await probeOf(() => true).run(signal, NO_CLOCK)).state, 'up');
  assert.equal(getEventListeners(signal, 'abort').length, 0);
});

test('a check that is no function is refused at once', () => {
  assert.throws(
    () => createCheckProbe({ name: 'mine', check: true as never }),
    /^TypeError: Expected the `checks\.mine\.check` option to be a function, got true\.$/,
  );
});
