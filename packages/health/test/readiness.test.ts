import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, test } from 'node:test';
import { waitFor } from 'portal-test-kit';
import { createHealth, type Health } from '../src/index.js';
import { createReadiness } from '../src/readiness.js';
import { respond } from '../src/http/respond.js';
import { HEALTHY_SNAPSHOT, component } from './http/formats/snapshots.js';
import { withHealth } from './with-health.js';

const SAMPLING = { intervalMs: 20, idleIntervalMs: 20, deadlineMs: 200 };

function readyz(health: Health): number {
  return respond(health, { endpoint: 'readyz', method: 'GET' }, 'public').status;
}

describe('readiness', () => {
  test('is not the store’s: a critical part that is down leaves every replica in the balancer', async () => {
    let well = true;
    let runs = 0;
    const check = (): boolean => {
      runs += 1;
      return well;
    };
    await withHealth({ checks: { store: { check, critical: true, ...SAMPLING } } }, async (health) => {
      well = false;
      await waitFor('unhealthy', () => health.report('public').status === 'unhealthy');
      const from = runs;
      await waitFor('many failed runs', () => runs > from + 5);
      assert.equal(readyz(health), 200);
      health.drain();
      assert.equal(readyz(health), 503);
    });
  });

  test('before the first report it is not', () => {
    const health = createHealth({ checks: { store: () => true } });
    assert.deepEqual([readyz(health), health.started()], [503, false]);
    return health.close();
  });

  test('of its own trouble each replica says no by itself', () => {
    const { isReady } = createReadiness('own');
    for (const code of ['EVENT_LOOP_DELAYED', 'THREAD_POOL_BUSY', 'PROCESS_OUT_OF_DESCRIPTORS'] as const) {
      assert.equal(isReady({ ...HEALTHY_SNAPSHOT, otherProblems: [code] }), false, code);
      assert.equal(
        isReady({ ...HEALTHY_SNAPSHOT, components: [component('database', 'up', code)] }),
        false,
        code,
      );
    }
    for (const code of [
      'NAME_LOOKUP',
      'PASSWORD_UNAVAILABLE',
      'SOURCE_DRIFTED',
      'DATABASE_POOL_STALLED',
    ] as const) {
      assert.equal(isReady({ ...HEALTHY_SNAPSHOT, otherProblems: [code] }), true, code);
    }
  });

  test('with `critical` a critical part counts after three failed runs in a row, and no other part', () => {
    const down = {
      ...HEALTHY_SNAPSHOT,
      components: [component('database', 'down'), component('cache', 'down')],
    };
    const { noteRun, isReady } = createReadiness('critical');
    for (const ready of [true, true, false, false]) {
      noteRun('database', down);
      noteRun('cache', down);
      assert.equal(isReady(down), ready);
    }
    noteRun('database', HEALTHY_SNAPSHOT);
    assert.equal(isReady(HEALTHY_SNAPSHOT), true);
    noteRun('database', down);
    noteRun('database', down);
    noteRun('database', { ...HEALTHY_SNAPSHOT, components: [component('database', 'limited')] });
    noteRun('database', down);
    assert.equal(isReady(down), true, 'not in a row');
    const stalled = { ...HEALTHY_SNAPSHOT, otherProblems: ['DATABASE_POOL_STALLED'] as const };
    for (let runs = 0; runs < 3; runs += 1) noteRun('database', stalled);
    assert.equal(isReady(stalled), false, 'a pool of no use is as good as down');
  });

  test('with `critical` in a whole', async () => {
    const options = { checks: { store: { check: () => false, critical: true, ...SAMPLING } } };
    await withHealth({ ...options, ready: 'critical' }, async (health) => {
      assert.equal(readyz(health), 200, 'one failed run');
      await waitFor('three', () => readyz(health) === 503);
    });
  });
});

/** A process with a health door, an answer a line; it is stopped and continued like a container that is paused. */
const PAUSED = `
  import { createServer } from 'node:http';
  import { createHealth } from ${JSON.stringify(new URL('../src/index.js', import.meta.url).href)};
  import { createHealthHandler } from ${JSON.stringify(new URL('../src/adapters/node.js', import.meta.url).href)};
  let runs = 0;
  const health = createHealth({
    checks: { store: { check: () => { runs += 1; return true; }, critical: true, intervalMs: 100, idleIntervalMs: 100 } },
  });
  await health.start();
  const handler = createHealthHandler(health);
  const server = createServer((request, response) => {
    if (!handler(request, response)) response.end(String(runs));
  });
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
`;

test('after a pause of the process the first answer waits for one run, and nothing is called stale', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', PAUSED], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  try {
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const port = Number((await lines.next()).value);
    const url = `http://127.0.0.1:${port}`;
    for (let rounds = 0; rounds < 3; rounds += 1) {
      child.kill('SIGSTOP');
      // Far more than three intervals.
      await sleep(700);
      const asked = fetch(`${url}/health`);
      child.kill('SIGCONT');
      const report = (await (await asked).json()) as { status: string; errors: readonly string[] };
      assert.ok(!report.errors.join().includes('CHECK_STALE'), report.errors.join());
      assert.notEqual(report.status, 'unhealthy');
    }
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
});
