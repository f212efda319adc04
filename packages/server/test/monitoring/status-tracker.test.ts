/**
 * Since when: of the status, of every component and of every cause, over restarts, pauses and clocks that are set. What is
 * found is made up, and so is the time, because it must pass.
 */
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { HealthSnapshot, Health, ProblemCode, Report, State, Status } from 'portal-health';
import type { PreviousStatus, StatusUpdate } from '../../src/monitoring/tracked-status.js';
import { createStatusTracker } from '../../src/monitoring/status-tracker.js';

const NOW = Date.parse('2026-03-01T12:00:00.000Z');
const SECOND_MS = 1_000;
const HOUR_MS = 3_600 * SECOND_MS;

type FoundComponent = readonly [state: State, ...problems: ProblemCode[]];

let wallMs: number;
let steadyMs: number;
let updates: StatusUpdate[];

beforeEach(() => {
  wallMs = NOW;
  steadyMs = 0;
  updates = [];
});

/** Time passes. */
function after(seconds: number): void {
  wallMs += seconds * SECOND_MS;
  steadyMs += seconds * SECOND_MS;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** A health with given findings. */
function start(left?: PreviousStatus | null) {
  let status: Status = 'healthy';
  let parts: Readonly<Record<string, FoundComponent>> = { database: ['up'], cache: ['up'] };
  let others: readonly ProblemCode[] = [];
  const facts = (): Partial<HealthSnapshot> => ({
    components: Object.entries(parts).map(([name, [state, ...problems]]) => {
      const lookedAt = new Date(wallMs);
      return { name, type: 'check', state, problems, critical: true, latencyMs: null, checkedAt: lookedAt };
    }),
    otherProblems: others,
    databases: [],
  });
  const health: Pick<Health, 'report' | 'started'> & { snapshot: () => Partial<HealthSnapshot> } = {
    report: () => ({ status, database: true, cache: true, errors: [] as readonly string[] }) as Report,
    started: () => true,
    snapshot: facts,
  };
  const tracker = createStatusTracker({
    health: health as Health,
    silenceMs: () => 31 * SECOND_MS,
    onUpdate: (update) => updates.push(update),
    clocks: () => ({ wallMs, steadyMs }),
  });
  if (left !== undefined) tracker.restore(left);
  return {
    tracker,
    find: (what: Status, found: typeof parts, besides: readonly ProblemCode[] = []): void => {
      status = what;
      parts = found;
      others = besides;
      tracker.update();
    },
    causes: () => tracker.snapshot().causes.map(({ component, code, since }) => [component, code, since]),
    part: (name: string) => tracker.snapshot().parts[name],
  };
}

test('every cause has a begin of its own, and so has the status', () => {
  const { tracker, find, causes, part } = start(null);
  find('healthy', { database: ['up'], cache: ['up'] });
  after(40);
  find('degraded', { database: ['up'], cache: ['up'] }, ['SOURCE_DRIFTED']);
  after(10);
  find('degraded', { database: ['slow', 'DATABASE_SLOW'], cache: ['up'] }, ['SOURCE_DRIFTED']);
  after(30);
  find('degraded', { database: ['up'], cache: ['down', 'CACHE_TIMEOUT'] }, ['SOURCE_DRIFTED']);
  after(2);
  assert.equal(tracker.snapshot().since, iso(NOW + 40_000));
  assert.deepEqual(causes(), [
    ['cache', 'CACHE_TIMEOUT', iso(NOW + 80_000)],
    ['source', 'SOURCE_DRIFTED', iso(NOW + 40_000)],
  ]);
  assert.equal(part('database')?.answers_since, iso(NOW), 'slow is an answer');
  assert.equal(part('database')?.since, iso(NOW + 80_000));
  assert.equal(part('cache')?.answers_since, iso(NOW + 80_000));
  assert.deepEqual(tracker.publicStatus().causes, tracker.snapshot().causes);
  assert.deepEqual(
    updates.map(({ at, from, status, codes }) => [at - NOW, from, status, codes]),
    [
      [0, null, 'healthy', []],
      [40_000, 'healthy', 'degraded', ['SOURCE_DRIFTED']],
      [50_000, 'degraded', 'degraded', ['DATABASE_SLOW', 'SOURCE_DRIFTED']],
      [80_000, 'degraded', 'degraded', ['CACHE_TIMEOUT', 'SOURCE_DRIFTED']],
    ],
  );
});

test('a cause that comes back begins anew; one that becomes another leaves the component down since it went', () => {
  const { find, causes, part } = start(null);
  find('degraded', { cache: ['down', 'CACHE_TIMEOUT'] });
  after(10);
  find('degraded', { cache: ['down', 'CACHE_UNREACHABLE'] });
  after(10);
  find('degraded', { cache: ['stale', 'CHECK_STALE'] });
  assert.deepEqual(causes(), [['cache', 'CHECK_STALE', iso(NOW + 20_000)]]);
  assert.equal(part('cache')?.answers_since, iso(NOW));
  after(10);
  find('healthy', { cache: ['up'] });
  after(10);
  find('degraded', { cache: ['down', 'CACHE_TIMEOUT'] });
  assert.deepEqual(causes(), [['cache', 'CACHE_TIMEOUT', iso(NOW + 40_000)]]);
  assert.equal(part('cache')?.answers_since, iso(NOW + 40_000));
});

test('the same code at two components is two causes', () => {
  const { find, causes } = start(null);
  find('unhealthy', { mail: ['down', 'CHECK_FAILED'], queue: ['up'] });
  after(5);
  find('unhealthy', { mail: ['down', 'CHECK_FAILED'], queue: ['down', 'CHECK_FAILED'] });
  assert.deepEqual(causes(), [
    ['mail', 'CHECK_FAILED', iso(NOW)],
    ['queue', 'CHECK_FAILED', iso(NOW + 5_000)],
  ]);
});

test('a problem of this process is one cause, however many probes have noticed it', () => {
  const { find, causes } = start(null);
  const busy: FoundComponent = ['up', 'THREAD_POOL_BUSY'];
  find('degraded', { database: busy, cache: ['up'] });
  after(3);
  find('degraded', { database: busy, cache: busy });
  assert.deepEqual(causes(), [['process', 'THREAD_POOL_BUSY', iso(NOW)]]);
});

const LEFT: PreviousStatus = {
  until: NOW - 20_000,
  status: 'degraded',
  since: NOW - HOUR_MS,
  causes: [
    { component: 'cache', code: 'CACHE_TIMEOUT', since: NOW - HOUR_MS / 2 },
    { component: 'source', code: 'SOURCE_DRIFTED', since: NOW - HOUR_MS },
  ],
  components: [
    { name: 'database', state: 'up', since: NOW - 9 * HOUR_MS, answersSince: NOW - 10 * HOUR_MS },
    { name: 'cache', state: 'down', since: NOW - HOUR_MS / 2, answersSince: NOW - HOUR_MS / 2 },
  ],
};

for (const when of ['before', 'after'] as const) {
  test(`what went on before a start goes on through it, restored ${when} the first probe run; what is over is over`, () => {
    const { tracker, find, causes, part } = start(when === 'before' ? LEFT : undefined);
    find('degraded', { database: ['up'], cache: ['down', 'CACHE_TIMEOUT'] }, ['EVENT_LOOP_DELAYED']);
    if (when === 'after') {
      assert.deepEqual(updates, []);
      after(1);
      tracker.restore(LEFT);
    }
    assert.equal(tracker.snapshot().since, iso(NOW - HOUR_MS));
    assert.deepEqual(causes(), [
      ['cache', 'CACHE_TIMEOUT', iso(NOW - HOUR_MS / 2)],
      ['process', 'EVENT_LOOP_DELAYED', iso(NOW)],
    ]);
    assert.equal(part('database')?.answers_since, iso(NOW - 10 * HOUR_MS));
    const [first] = updates;
    assert.equal(updates.length, 1);
    assert.deepEqual(
      [first?.at, first?.knownUntil, first?.isBroken, first?.from],
      [NOW, NOW - 20_000, true, 'degraded'],
    );
  });
}

test('what changed before it was known what went on has begun since', () => {
  const { tracker, find, causes } = start();
  find('healthy', { cache: ['up'] });
  after(1);
  find('degraded', { cache: ['down', 'CACHE_TIMEOUT'] });
  tracker.restore(LEFT);
  assert.equal(tracker.snapshot().since, iso(NOW + 1_000));
  assert.deepEqual(causes(), [['cache', 'CACHE_TIMEOUT', iso(NOW + 1_000)]]);
  assert.deepEqual([updates[0]?.at, updates[0]?.from], [NOW + 1_000, 'degraded']);
});

test('probe runs ten seconds apart are no silence; a halted process was silent, and nothing began anew in it', () => {
  const { tracker, find } = start(null);
  const down: FoundComponent = ['down', 'DATABASE_TIMEOUT'];
  find('unhealthy', { database: down });
  for (let look = 0; look < 6; look += 1) {
    after(11);
    find('unhealthy', { database: down });
  }
  assert.equal(updates.length, 1);
  assert.equal(tracker.knownMs(), wallMs);
  after(60);
  assert.equal(tracker.knownMs(), wallMs - 60_000);
  find('unhealthy', { database: down });
  assert.equal(tracker.snapshot().since, iso(NOW));
  assert.deepEqual(
    updates.slice(1).map(({ at, knownUntil, isBroken, since }) => [at, knownUntil, isBroken, since]),
    [[wallMs, wallMs - 60_000, true, NOW]],
  );
});

for (const setMs of [-HOUR_MS, HOUR_MS]) {
  test(`a clock set ${setMs < 0 ? 'back' : 'forward'}: for how long is still true`, () => {
    const { tracker, find, causes, part } = start(null);
    find('unhealthy', { database: ['down', 'DATABASE_TIMEOUT'] });
    after(10);
    const oldMs = wallMs - 10_000;
    wallMs += setMs;
    after(2);
    find('unhealthy', { database: ['down', 'DATABASE_TIMEOUT'] });
    const since = iso(wallMs - 12_000);
    assert.equal(tracker.snapshot().since, since);
    assert.deepEqual(causes(), [['database', 'DATABASE_TIMEOUT', since]]);
    assert.equal(part('database')?.answers_since, since);
    const last = updates.at(-1);
    assert.deepEqual(
      [last?.at, last?.knownUntil, last?.isBroken, last?.details],
      [wallMs, oldMs, true, { clock_set_ms: setMs }],
    );
  });
}

test('a request between two probe runs is no probe run, unless something has changed', () => {
  const { tracker, find } = start(null);
  find('healthy', { cache: ['up'] });
  after(29);
  tracker.snapshot();
  after(29);
  assert.ok(tracker.knownMs() < wallMs);
  assert.equal(updates.length, 1);
});
