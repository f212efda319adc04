import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Failure } from '../src/health-options.js';
import { createHealth, type Health } from '../src/health.js';
import { respond } from '../src/http/respond.js';
import { fromTerminus, type TerminusIndicators, type TerminusOptions } from '../src/terminus.js';

const up = (key: string): object => ({ [key]: { status: 'up' } });
/** As `HealthCheckError` of every version that has one. */
class HealthCheckError extends Error {
  readonly causes: unknown;

  constructor(message: string, causes: unknown) {
    super(message);
    this.causes = causes;
  }
}

async function watched(
  indicators: TerminusIndicators,
  options?: TerminusOptions,
): Promise<{ health: Health; failures: Failure[] }> {
  const failures: Failure[] = [];
  const health = createHealth({
    checks: fromTerminus(indicators, options),
    onFailure: (failure) => failures.push(failure),
  });
  await health.start();
  await health.close();
  return { health, failures };
}

const http = { pingCheck: (key: string, _url: string) => up(key) };
const memory = { checkHeap: (key: string, _most: number) => up(key) };
const MONGO = 'mongo';

test('a check is named by the key that its indicator is called with, or makes a result of', () => {
  class DogHealthIndicator {
    isHealthy(key: string): object {
      return up(key);
    }
  }
  const checks = fromTerminus([
    () => http.pingCheck('nestjs-docs', 'https://docs.nestjs.com'),
    async () => memory.checkHeap('memoryHeap', 1),
    () => http.pingCheck('database', 'https://one.example'),
    () => http.pingCheck('database', 'https://two.example'),
    () => ({ mysql: { status: 'up' } }),
    new DogHealthIndicator(),
    async function redisQueue() {},
  ]);
  assert.deepEqual(Object.keys(checks), [
    'nestjs-docs',
    'memory-heap',
    'database-check',
    'database-check-2',
    'mysql',
    'dog',
    'redis-queue',
  ]);
});

test('what is no name for everybody becomes a number that stays', () => {
  const query = async (_sql: string): Promise<void> => {};
  const indicators = [
    async () => query('SELECT secret FROM users'),
    () => http.pingCheck('db.internal:5432', 'https://one.example'),
    () => http.pingCheck(MONGO, 'https://user:secret@two.example'),
  ];
  const names = Object.keys(fromTerminus(indicators));
  for (const name of names) assert.match(name, /^indicator-[0-9a-f]{6}$/);
  assert.equal(new Set(names).size, 3);
  assert.deepEqual(Object.keys(fromTerminus(indicators.toReversed())), names.toReversed());
});

test('health checks of @godaddy/terminus are taken by their paths, without the options between them', async () => {
  const given: unknown[] = [];
  const { health } = await watched({
    '/health/liveness': async (state: unknown) => void given.push(state),
    '/ready': async () => ({ version: '1.2.3' }),
    verbatim: true,
  });
  assert.deepEqual(
    health.snapshot().components.map(({ name, state }) => [name, state]),
    [
      ['health-liveness', 'up'],
      ['ready', 'up'],
    ],
  );
  assert.deepEqual(given, [{ state: { isShuttingDown: false } }]);
});

test('every way in which an indicator says no is one, and its words go to the log alone', async () => {
  const words = 'connect ECONNREFUSED 10.1.2.3:27017';
  const indicators: TerminusIndicators = {
    'by-result': () => ({ one: { status: 'up' }, two: { status: 'down', message: words } }),
    'by-error': () => {
      throw new HealthCheckError(words, { two: { status: 'down', message: words } });
    },
    'by-list': () => Promise.reject(new HealthCheckError('healthcheck failed', [new Error(words)])),
    'by-other': () => Promise.reject(Object.assign(new Error(words), { code: 'ECONNREFUSED' })),
    'by-answer': () => ({ status: 'error', details: { two: { status: 'down', message: words } } }),
    // As `attempt()` of version 12 gives it.
    // oxlint-disable-next-line unicorn/no-thenable
    'by-attempt': { then: (resolve: (result: object) => void) => resolve({ two: { status: 'down' } }) },
    'by-circle': () => {
      const result: Record<string, unknown> = { two: { status: 'down' } };
      result['itself'] = result;
      return result;
    },
  };
  const { health, failures } = await watched(indicators);
  assert.deepEqual(
    health.snapshot().components.map(({ state }) => state),
    Object.keys(indicators).map(() => 'down'),
  );
  assert.ok(failures.some(({ cause }) => cause?.message.includes(words)));
  assert.equal(failures.find(({ name }) => name === 'by-other')?.cause?.code, 'ECONNREFUSED');
  for (const endpoint of ['health', 'metrics', 'readyz'] as const) {
    for (const accept of ['application/json', 'application/health+json']) {
      const { body } = respond(health, { endpoint, method: 'GET', accept, verbose: true }, 'public');
      assert.doesNotMatch(body, /ECONNREFUSED|10\.1\.2\.3/);
    }
  }
});

test('an indicator that is degraded degrades, also where it is critical', async () => {
  const degraded = () => ({ disk: { status: 'degraded', message: '91 % used' } });
  const { health } = await watched([degraded], { critical: true });
  assert.equal(health.report('public').status, 'degraded');
  const down = await watched([() => ({ disk: { status: 'down' } })], { critical: true });
  assert.equal(down.health.report('public').status, 'unhealthy');
});

test('the deadline is ours', async () => {
  const { health } = await watched([() => new Promise(() => undefined)], { deadlineMs: 20 });
  assert.match(health.report('public').errors[0] ?? '', /CHECK_TIMEOUT/);
});

test('what is no indicator is refused, by its place', () => {
  assert.throws(() => fromTerminus([() => up('a'), {}]), {
    message: 'Expected the `indicators[1]` option to be an indicator of terminus, got an object.',
  });
});
