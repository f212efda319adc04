import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { retry } from '../../src/infra/retry.js';

// A pause keeps no process alive.
const alive = setInterval(() => undefined, 1_000);
after(() => clearInterval(alive));

/** Fails so often, and then gives how many attempts there were. */
function failing(times: number): () => Promise<number> {
  let attempts = 0;
  return async () => {
    attempts += 1;
    if (attempts <= times) throw new Error(`attempt ${attempts}`);
    return attempts;
  };
}

test('attempts follow until one succeeds, each failure counted', async () => {
  const counted: number[] = [];
  const result = await retry(failing(3), {
    pauseMs(_error, failures) {
      counted.push(failures);
      return 0;
    },
  });
  assert.equal(result, 4);
  assert.deepEqual(counted, [1, 2, 3]);
});

test('without a pause there is no other attempt, and the last error is thrown', async () => {
  const pauses = [0, 0];
  await assert.rejects(retry(failing(9), { pauseMs: () => pauses.pop() }), { message: 'attempt 3' });
});

test('an end ends the pause, and an attempt under way has no other after it', async () => {
  const end = new AbortController();
  const pausing = retry(failing(9), {
    signal: end.signal,
    pauseMs() {
      setImmediate(() => end.abort());
      return 3_600_000;
    },
  });
  await assert.rejects(pausing, { message: 'attempt 1' });
  const ended = retry(failing(9), { signal: end.signal, pauseMs: () => assert.fail('another attempt') });
  await assert.rejects(ended, { message: 'attempt 1' });
});
