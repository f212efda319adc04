/**
 * Anything at all, at every place where something of others comes in: checks, drivers, questions. Nothing is thrown,
 * nothing hangs, and nothing of it comes out again.
 */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import fc from 'fast-check';
import { describe, test } from 'node:test';
import { createHealth } from '../src/health.js';
import { createCheckProbe } from '../src/probes/custom.js';
import { createPostgresProbe } from '../src/probes/postgres/postgres.js';
import { createRedisProbe } from '../src/probes/redis/redis.js';
import { PROBLEMS } from '../src/problems.js';
import type { Endpoint } from '../src/http/endpoint-options.js';
import { respond } from '../src/http/respond.js';
import type { Outcome } from '../src/types.js';
import { runProbe } from './probes/run-probe.js';

/** In every message and value of others: must never be seen again. */
const CANARY = 'zqvxkwjz';
const ENDPOINTS: readonly Endpoint[] = ['health', 'metrics', 'livez', 'readyz', 'startupz'];
const ACCEPTS = ['*/*', 'application/json', 'application/health+json', 'application/openmetrics-text'];
const STATES = new Set(['up', 'slow', 'down', 'stale']);
const RUNS = { numRuns: 200 };

/** What makes a value of any type, many of which bite whoever touches them, the generator included. */
const anything = fc.oneof(
  fc
    .anything({
      withBigInt: true,
      withBoxedValues: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
      withObjectString: true,
      withSet: true,
      withTypedArray: true,
      withSparseArray: true,
    })
    .map((value) => () => value),
  fc.constantFrom(...biting()),
);

function biting(): (() => unknown)[] {
  const fail = (): never => assert.fail(CANARY);
  return [
    () => Symbol(CANARY),
    () => new Proxy({}, { get: fail, has: fail }),
    () => thenable(fail),
    () => thenable((_resolve, reject) => reject(CANARY)),
    () => thenable((resolve) => resolve(false)),
    () => Promise.resolve(CANARY),
    () => new Error(CANARY),
    () => Object.assign(new Error(CANARY), { code: `${CANARY} with spaces` }),
    () => Object.defineProperty(new Error(CANARY), 'message', { get: fail }),
    () => JSON.parse(`{"__proto__": {"state": "up"}, "rows": [], "constructor": null}`) as unknown,
  ];
}

/** What looks like a promise. */
function thenable(
  then: (resolve: (value: unknown) => void, reject: (reason: unknown) => void) => void,
): object {
  // oxlint-disable-next-line unicorn/no-thenable -- that is what it is for
  return Object.defineProperty({}, 'then', { value: then });
}

function assertOutcome(outcome: Outcome<unknown>): void {
  assert.ok(STATES.has(outcome.state));
  assert.ok(outcome.problems.every((code) => code in PROBLEMS));
  assert.ok(outcome.latencyMs === null || outcome.latencyMs >= 0);
}

describe('a check', () => {
  test('may answer anything: only `false`, a throw or a rejection is a no', async () => {
    await fc.assert(
      fc.asyncProperty(anything, async (make) => {
        const value = make();
        const outcome = await runProbe(createCheckProbe({ name: 'any', check: () => value }));
        assertOutcome(outcome);
        if (value === false) assert.equal(outcome.state, 'down');
      }),
      RUNS,
    );
  });

  test('may throw anything, at once or later, and it is in no answer of any door', async () => {
    await fc.assert(
      fc.asyncProperty(anything, fc.boolean(), async (make, later) => {
        const value = make();
        const health = createHealth({
          checks: {
            any: () => {
              if (later) return Promise.reject(value);
              throw value;
            },
          },
        });
        try {
          await health.start();
          assert.equal(health.state('any'), 'down');
          for (const door of ENDPOINTS) {
            for (const accept of ACCEPTS) {
              const answer = respond(
                health,
                { endpoint: door, method: 'GET', accept, verbose: true },
                'admin',
              );
              assert.ok(!JSON.stringify(answer).includes(CANARY));
            }
          }
        } finally {
          await health.close();
        }
      }),
      { numRuns: 50 },
    );
  });
});

test('Postgres may answer with rows of any shape, or with any error', async () => {
  await fc.assert(
    fc.asyncProperty(anything, fc.constantFrom('resolve', 'reject', 'throw'), async (make, way) => {
      const value = make();
      class Client extends EventEmitter {
        connect(): Promise<void> {
          return Promise.resolve();
        }
        end(): Promise<void> {
          return Promise.resolve();
        }
        query(): Promise<unknown> {
          if (way === 'throw') throw value;
          return way === 'reject' ? Promise.reject(value) : Promise.resolve(value);
        }
      }
      const pool = { Client, options: {}, totalCount: 0, idleCount: 0, waitingCount: 0 };
      const outcome = await runProbe(createPostgresProbe({ pool }));
      assertOutcome(outcome);
      assert.equal(outcome.state, 'down', 'none of these is the answer to the question');
    }),
    RUNS,
  );
});

test('Redis may answer INFO with anything, or with any error', async () => {
  await fc.assert(
    fc.asyncProperty(anything, fc.boolean(), async (make, rejects) => {
      const value = make();
      const client = Object.assign(new EventEmitter(), {
        options: {},
        isOpen: false,
        connect: () => Promise.resolve(),
        sendCommand: () => (rejects ? Promise.reject(value) : Promise.resolve(value)),
        destroy: () => undefined,
        disconnect: () => Promise.resolve(),
        duplicate: () => client,
      });
      const outcome = await runProbe(createRedisProbe({ client }));
      assertOutcome(outcome);
      assert.equal(outcome.state, 'down', 'none of these is an INFO');
    }),
    RUNS,
  );
});

test('any method, Accept and door is answered, with a status that is none of a bug', async () => {
  // The questions below come in one go, which keeps the event loop, and that is a reason not to be ready.
  const health = createHealth({ checks: { fine: () => true }, eventLoopDelayedAfterMs: 600_000 });
  await health.start();
  try {
    fc.assert(
      fc.property(
        fc.constantFrom(...ENDPOINTS),
        fc.oneof(fc.constantFrom('GET', 'HEAD'), fc.string({ unit: 'binary' })),
        fc.option(fc.oneof(fc.constantFrom(...ACCEPTS), fc.string({ unit: 'binary' })), { nil: undefined }),
        fc.boolean(),
        (door, method, accept, verbose) => {
          const { status, headers } = respond(health, { endpoint: door, method, accept, verbose }, 'public');
          assert.ok([200, 405].includes(status), String(status));
          for (const [name, value] of Object.entries(headers)) {
            assert.match(`${name}: ${value}`, /^[\x20-\x7e]+$/);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  } finally {
    await health.close();
  }
});
