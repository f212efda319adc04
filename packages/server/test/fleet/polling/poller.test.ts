/** What a poll is worth that the watcher itself has held up: its event loop stands still for real. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from 'portal-test-kit';
import type { Observation, Poll } from '../../../src/fleet/observation.js';
import { createPoller } from '../../../src/fleet/polling/poller.js';

const INTERVAL_MS = 1_000;
const FAILED: Observation = { kind: 'failed', code: 'INSTANCE_TIMEOUT' };
const ANSWERED: Observation = {
  kind: 'answered',
  reading: { health: 'unhealthy', codes: [], startedAtMs: null, sourceHash: null },
  isTokenWithheld: false,
};

function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Polls one instance, whose first answer comes when the test says. @returns what it was taken for */
async function pollThrough(
  t: TestContext,
  intervalMs: number,
  meanwhile: () => Promise<Observation>,
): Promise<Observation> {
  const polls: Poll[] = [];
  let begin: (() => void) | undefined;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const first = begun.then(meanwhile);
  const poller = createPoller({ onPoll: (poll) => polls.push(poll) });
  t.after(() => poller.close());
  poller.setTargets(
    new Map([
      [
        'one',
        () => ({
          key: 'one',
          intervalMs,
          timeoutMs: INTERVAL_MS,
          client: {
            poll() {
              begin?.();
              return first;
            },
            reasons: () => Promise.resolve([]),
            close: () => undefined,
          },
        }),
      ],
    ]),
  );
  await waitFor('a poll', () => polls.length > 0);
  return polls[0]?.observation ?? assert.fail();
}

test('a failure that a standstill may have made is none, though shorter ones came after it', async (t) => {
  const found = await pollThrough(t, INTERVAL_MS, async () => {
    await sleep(100);
    standStill(INTERVAL_MS);
    await sleep(100);
    standStill(200);
    await sleep(100);
    return FAILED;
  });
  assert.deepEqual(found, { kind: 'void' });
});

test('an answer from before a standstill of an interval is none; one that only comes late is one', async (t) => {
  const [stale, late] = [INTERVAL_MS, 10 * INTERVAL_MS].map((intervalMs) =>
    pollThrough(t, intervalMs, async () => {
      await sleep(100);
      standStill(INTERVAL_MS + 300);
      await sleep(100);
      return ANSWERED;
    }),
  );
  assert.deepEqual(await stale, { kind: 'void' });
  assert.deepEqual(await late, ANSWERED);
});
