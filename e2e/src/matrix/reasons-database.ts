/** Who holds and blocks at a database, who has its connections, and what it cannot write. */
import { both, bothReasons, type Scenario } from '../scenario.js';
import type { Fixture } from '../fixture.js';
import { faultSteps } from '../fault-steps.js';
import { PLANTED_SECRETS } from '../planted-secrets.js';
import { asMigration, forgottenPrepared, greedyConnections, HOSTILE_NAME, lockQueue } from './sessions.js';

/** Of the server of these scenarios. */
export const MAX_CONNECTIONS = 100;

const WORKER = 'a session of application "report-worker"';
const HIDDEN = 'what it does is hidden from this role \\(grant pg_monitor\\)$';
const IDLE = 'that has done nothing in an open transaction for';

/** The right to see what others do, while the scene lasts. */
async function asMonitor({ postgres }: Fixture): Promise<() => Promise<unknown>> {
  await postgres.query(`GRANT pg_monitor TO ${PLANTED_SECRETS.databaseUser}`);
  return () => postgres.query(`REVOKE pg_monitor FROM ${PLANTED_SECRETS.databaseUser}`);
}

export const DATABASE_REASON_SCENARIOS: readonly Scenario[] = [
  {
    fault: 'a queue for a lock, asked by a plain role',
    expected: both('healthy'),
    reasons: bothReasons('LOCK_QUEUE'),
    sentences: [new RegExp(`sessions wait .* ${WORKER}; ${HIDDEN}`)],
    inflict: (fixture) => lockQueue(fixture, 13),
  },
  {
    fault: 'the same, asked by a role that sees the migration behind the head',
    expected: both('healthy'),
    reasons: bothReasons('LOCK_QUEUE'),
    sentences: [new RegExp(`sessions wait .* ${WORKER}; ${HIDDEN}`)],
    inflict: (fixture) => faultSteps([() => asMigration(fixture), () => lockQueue(fixture, 13)]),
  },
  {
    fault: 'the same behind PgBouncer, of a session whose name is made to be shown',
    expected: both('healthy'),
    reasons: bothReasons('LOCK_QUEUE'),
    sentences: [new RegExp(`sessions wait .* an application with a name that cannot be shown; ${HIDDEN}`)],
    fresh: { pooler: 'transaction' },
    inflict: (fixture) => lockQueue(fixture, 13, HOSTILE_NAME),
  },
  {
    fault: 'a prepared transaction that nobody ends',
    expected: both('healthy'),
    reasons: bothReasons('LOCK_QUEUE', 'PREPARED_TRANSACTION'),
    sentences: [
      /1 session waits .* at the head is an unfinished prepared transaction for/,
      /^An unfinished prepared transaction has held locks for/,
    ],
    inflict: forgottenPrepared,
  },
  {
    fault: 'for a minute: the queue, and a replica without its master, asked by `pg_monitor`',
    expected: both('degraded CACHE_READ_ONLY'),
    reasons: bothReasons('LOCK_QUEUE', 'TRANSACTION_LEFT_OPEN', 'CACHE_LINK_DOWN', 'CACHE_WRITES_REFUSED'),
    thresholdsMs: { TRANSACTION_LEFT_OPEN: 60_000 },
    sentences: [
      new RegExp(`sessions wait .* ${WORKER} ${IDLE}`),
      /application "report-worker".* in an open transaction/,
    ],
    note: 'What is a reason after a minute only, of both stores at once.',
    async inflict(fixture) {
      return faultSteps([
        () => asMonitor(fixture),
        () => lockQueue(fixture, 13),
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
      return faultSteps([
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
