/**
 * What makes a store, the pool or the process unwell, and who causes it: scenes whose cause administrators must read, and
 * nobody else.
 */
import { readdir } from 'node:fs/promises';
import { waitFor } from 'portal-test-kit';
import { both, bothReasons, type Scenario } from '../scenario.js';
import type { Fixture, FixtureActor, Surroundings } from '../fixture.js';
import { PLANTED_SECRETS } from '../planted-secrets.js';
import { limitDescriptors } from './descriptors.js';
import { fillCacheDisk, rejectConnections, slowScripts } from './redis-scenes.js';
import { forgottenPrepared, greedyConnections, lockQueue } from './sessions.js';

const MAX_CONNECTIONS = 100;

/** Asked over a connection that is kept, so that it answers when no other is left. */
export const REASON_SURROUNDINGS: Surroundings = {
  servers: { postgres: { max_connections: MAX_CONNECTIONS, max_prepared_transactions: 4 } },
  fixture: { explainConnection: 'kept' },
};

const WORKER = 'a session of application "report-worker"';
const IDLE = 'that has done nothing in an open transaction for';

/** The right to see what others do, while the scene lasts. */
async function asMonitor({ postgres }: Fixture): Promise<() => Promise<unknown>> {
  await postgres.query(`GRANT pg_monitor TO ${PLANTED_SECRETS.databaseUser}`);
  return () => postgres.query(`REVOKE pg_monitor FROM ${PLANTED_SECRETS.databaseUser}`);
}

async function inTurn(steps: readonly (() => Promise<() => unknown>)[]): Promise<() => Promise<void>> {
  const ends: (() => unknown)[] = [];
  const endAll = async (): Promise<void> => {
    for (const end of ends.splice(0).toReversed()) await end();
  };
  try {
    for (const step of steps) ends.push(await step());
  } catch (error) {
    await endAll();
    throw error;
  }
  return endAll;
}

const DATABASE: readonly Scenario[] = [
  {
    fault: 'a queue for a lock, asked by a plain role',
    expected: both('healthy'),
    reasons: bothReasons('LOCK_QUEUE'),
    sentences: [
      new RegExp(`sessions wait .* ${WORKER}; what it does is hidden from this role \\(grant pg_monitor\\)$`),
    ],
    inflict: (fixture) => lockQueue(fixture, 13),
  },
  {
    fault: 'for a minute: a lock, a prepared transaction, a replica without its master',
    expected: both('degraded CACHE_READ_ONLY'),
    reasons: bothReasons(
      'LOCK_QUEUE',
      'TRANSACTION_LEFT_OPEN',
      'PREPARED_TRANSACTION',
      'CACHE_LINK_DOWN',
      'CACHE_WRITES_REFUSED',
    ),
    thresholdsMs: { TRANSACTION_LEFT_OPEN: 60_000 },
    sentences: [
      new RegExp(`sessions wait .* (${WORKER} ${IDLE}|an unfinished prepared transaction)`),
      /application "report-worker".* in an open transaction/,
      /unfinished prepared transaction has held locks for/,
    ],
    note: 'Asked by a role with `pg_monitor`. What is a reason after a minute only, all at once.',
    async inflict(fixture) {
      return inTurn([
        () => asMonitor(fixture),
        () => lockQueue(fixture, 13),
        () => forgottenPrepared(fixture),
        async () => {
          await fixture.redis.readOnly(true);
          return () => fixture.redis.readOnly(false);
        },
      ]);
    },
  },
  {
    fault: 'a leak, an open transaction, a slow statement and a queue for a lock at once',
    expected: {
      library: 'unhealthy DATABASE_POOL_SATURATED DATABASE_POOL_STALLED',
      service: 'healthy',
    },
    passing: ['DATABASE_POOL_SATURATED', 'DATABASE_POOL_STALLED'],
    detectExtraMs: 10_000,
    reasons: {
      library: ['LOCK_QUEUE', 'CONNECTION_LEAK', 'TRANSACTION_LEFT_OPEN', 'STATEMENTS_SLOW'],
      service: ['LOCK_QUEUE'],
    },
    sentences: [new RegExp(`sessions wait .* ${WORKER}; what it does is hidden`)],
    async inflict(fixture) {
      const libraries = fixture.actors.filter(({ target }) => target.name === 'library');
      return inTurn([
        () => lockQueue(fixture, 0),
        async () => {
          for (const { target } of libraries) target.send('entangle');
          return async () => {
            for (const { target } of libraries) target.send('disentangle');
          };
        },
      ]);
    },
  },
  {
    fault: 'nine of ten connections of the server',
    expected: both('healthy'),
    reasons: bothReasons('CONNECTIONS_EXHAUSTED'),
    sentences: [/of 100 connections of the server are in use; .* "greedy"/],
    inflict: (fixture) => greedyConnections(fixture, Math.round(MAX_CONNECTIONS * 0.85)),
  },
  {
    fault: 'every connection of the server',
    expected: both('unhealthy DATABASE_TOO_MANY_CONNECTIONS'),
    passing: ['DATABASE_TOO_MANY_CONNECTIONS'],
    reasons: bothReasons('CONNECTIONS_EXHAUSTED'),
    sentences: [/of 100 connections of the server are in use; .* "greedy"/],
    note: 'The connection that is kept still answers, and names who has them.',
    inflict: (fixture) => greedyConnections(fixture),
  },
];

const CACHE: readonly Scenario[] = [
  {
    fault: 'connections of the cache that were refused',
    expected: both('healthy'),
    reasons: bothReasons('CACHE_REJECTS_CONNECTIONS'),
    sentences: [/refused \d+ connections since the last look/],
    inflict: ({ redis }) => rejectConnections(redis),
  },
  {
    fault: 'scripts that keep the cache busy',
    expected: both('degraded CACHE_SLOW'),
    passing: ['CACHE_TIMEOUT'],
    reasons: bothReasons('CACHE_SLOW_COMMAND'),
    sentences: [/^EVAL took \d+ ms/],
    inflict: ({ redis }) => slowScripts(redis),
  },
  {
    fault: 'the append-only file on a full disk',
    expected: both('degraded CACHE_WRITES_REFUSED'),
    reasons: bothReasons('CACHE_WRITES_REFUSED'),
    sentences: [/it cannot write its append-only file/],
    note: 'A file system of 3 MB: root is needed.',
    inflict: ({ redis }) => fillCacheDisk(redis),
  },
];

const HASHING = 'unhealthy CHECK_STALE THREAD_POOL_BUSY';

const PROCESS: readonly Scenario[] = [
  {
    fault: 'forty hashes at once for four threads',
    expected: { library: HASHING },
    passing: ['THREAD_POOL_BUSY'],
    detectExtraMs: 10_000,
    healExtraMs: 10_000,
    reasons: { library: ['THREAD_POOL_BUSY'] },
    async inflict({ actors }) {
      for (const { target } of actors) target.send('hash');
      return () => {
        for (const { target } of actors) target.send('unhash');
      };
    },
  },
  {
    fault: 'descriptors that nobody closes',
    expected: { library: 'healthy' },
    reasons: { library: ['DESCRIPTORS_NEAR_LIMIT'] },
    sentences: [/has \d+ of \d+ file descriptors open/],
    inflict: async ({ actors }) => inTurn(actors.map((actor) => () => leakDescriptors(actor))),
  },
  {
    fault: 'a heap that is nearly full',
    expected: { library: 'healthy' },
    reasons: { library: ['HEAP_NEAR_LIMIT'] },
    // Three collections of the whole heap, each seen by a reading of its own.
    thresholdsMs: { HEAP_NEAR_LIMIT: 45_000 },
    otherReasons: ['EVENT_LOOP_DELAYED'],
    fresh: { targets: ['library'], nodeOptions: '--max-old-space-size=128' },
    async inflict({ actors }) {
      for (const { target } of actors) target.send('fill');
      return () => {
        for (const { target } of actors) target.send('empty');
      };
    },
  },
];

export const REASON_SCENARIOS: readonly Scenario[] = [...DATABASE, ...CACHE, ...PROCESS];

const LEAKED = 200;
const NEAR = 0.93;

/** Files that stay open, and a limit just above them and all else that is open. */
async function leakDescriptors({ target }: FixtureActor): Promise<() => Promise<void>> {
  target.send('open');
  let open = 0;
  await waitFor('the files to be opened', async () => {
    open = (await readdir(`/proc/${target.pid}/fd`)).length;
    return open > LEAKED;
  });
  const lift = await limitDescriptors(target.pid, Math.floor(open / NEAR));
  return async () => {
    await lift();
    target.send('shut');
  };
}
