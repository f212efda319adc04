/** What happens to databases. */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Fault, FaultOptions } from 'portal-test-kit';
import { PLANTED_SECRETS } from '../planted-secrets.js';
import { both, type Scenario } from '../scenario.js';
import { databaseUrl, type Fixture } from '../fixture.js';

function network(fault: string, how: Fault, verdict: string, options?: FaultOptions): Scenario {
  return {
    fault,
    expected: both(verdict),
    inflict: (fixture) => fixture.breakNetwork('database', how, options),
  };
}

/** Connections have been opened by then, and used. */
const SERVED_FOR_MS = 1_500;
/** A server that comes and goes is also these, on the way. */
const ON_THE_WAY = ['DATABASE_UNREACHABLE', 'DATABASE_STARTING', 'DATABASE_TIMEOUT'];
const { databaseUser, databasePassword, databaseName } = PLANTED_SECRETS;

export const DATABASE_SCENARIOS: readonly Scenario[] = [
  network('refused', 'refuse', 'unhealthy DATABASE_UNREACHABLE'),
  // Until the port has begun to drop, which takes a tenth of a second, it refuses.
  {
    ...network('black hole at connect', 'drop', 'unhealthy DATABASE_TIMEOUT'),
    passing: ['DATABASE_UNREACHABLE'],
  },
  network('black hole after connect', 'blackhole', 'unhealthy DATABASE_TIMEOUT'),
  network('half-open', 'half-open', 'unhealthy DATABASE_TIMEOUT'),
  network('reset in the middle of a reply', 'reset', 'unhealthy DATABASE_UNREACHABLE'),
  network('cut off after 20 bytes', 'cut', 'unhealthy DATABASE_UNREACHABLE', { afterBytes: 20 }),
  network('one byte a second', 'trickle', 'unhealthy DATABASE_TIMEOUT'),
  network('rubbish bytes', 'rubbish', 'unhealthy DATABASE_FAILED'),
  {
    ...network('slow: 160 ms an answer', 'slow', 'degraded DATABASE_SLOW', { latencyMs: 160 }),
    adminMayWait: true,
    note: 'It leaves 40 ms of the deadline of a look-up; where the machine takes them, it is late, which is 503 with `Retry-After`.',
  },
  {
    fault: 'wrong password',
    expected: both('unhealthy DATABASE_REFUSED_LOGIN'),
    async inflict({ postgres }) {
      await postgres.query(`ALTER ROLE ${databaseUser} PASSWORD 'another'`);
      return () => postgres.query(`ALTER ROLE ${databaseUser} PASSWORD '${databasePassword}'`);
    },
  },
  {
    fault: 'unknown database',
    expected: both('unhealthy DATABASE_REFUSED_LOGIN'),
    async inflict(fixture) {
      await rename(fixture, databaseName, 'elsewhere');
      return () => rename(fixture, 'elsewhere', databaseName);
    },
  },
  {
    fault: 'too many connections',
    otherReasons: ['CONNECTIONS_EXHAUSTED'],
    expected: both('unhealthy DATABASE_TOO_MANY_CONNECTIONS'),
    inflict: ({ postgres }) => postgres.fillConnections(),
  },
  {
    fault: 'a lock on the tables in use',
    idle: false,
    expected: { library: 'degraded DATABASE_POOL_SATURATED', service: 'healthy' },
    // A look-up that is late is 503, and memory counts only while the probe says down (contract.md, section 6); this one is up.
    adminMayWait: true,
    note:
      'The library’s application waits for the lock with its whole pool. The service’s look-ups do not wait, and memory does not ' +
      'count while PostgreSQL answers everything else: its administrators are told to come again.',
    passing: ['DATABASE_POOL_STALLED'],
    otherReasons: ['LOCK_QUEUE', 'STATEMENTS_SLOW'],
    inflict: lockSessions,
  },
  {
    fault: 'the same lock for longer',
    idle: false,
    expected: { library: 'unhealthy DATABASE_POOL_SATURATED DATABASE_POOL_STALLED' },
    passing: ['DATABASE_POOL_SATURATED', 'DATABASE_POOL_STALLED'],
    detectExtraMs: 10_000,
    reasons: { library: ['LOCK_QUEUE'] },
    otherReasons: ['STATEMENTS_SLOW', 'TRANSACTION_LEFT_OPEN'],
    note:
      'Its administrators read who stands at the head of the queue; those of the service do not get in, as their sessions stand ' +
      'in the locked table.',
    inflict: lockSessions,
  },
  {
    fault: 'writes that do not end',
    expected: both('degraded DATABASE_WRITES_FAIL'),
    otherReasons: ['LOCK_QUEUE', 'DATABASE_WRITES_FAIL', 'TRANSACTION_LEFT_OPEN'],
    idle: false,
    detectExtraMs: 7_000,
    healExtraMs: 6_000,
    note: 'Everything is answered but a write, every 2 s here and with a deadline of 5 s; it is tried again after 5 s.',
    async inflict({ actors }) {
      const { port } = actors[0]?.database ?? { port: 0 };
      const client = new pg.Client({ connectionString: databaseUrl({ host: PLANTED_SECRETS.host, port }) });
      await client.connect();
      await client.query('BEGIN; LOCK TABLE portal_writes, portal_health_writes IN ACCESS EXCLUSIVE MODE');
      return async () => {
        await client.query('ROLLBACK');
        await client.end();
      };
    },
  },
  {
    fault: 'read-only',
    expected: both('degraded DATABASE_READ_ONLY'),
    async inflict({ postgres }) {
      await postgres.readOnly(true);
      return () => postgres.readOnly(false);
    },
  },
  {
    fault: 'a standby after a failover',
    expected: both('degraded DATABASE_READ_ONLY'),
    passing: ON_THE_WAY,
    async inflict({ postgres }) {
      await postgres.restartStandby();
      return () => postgres.restart();
    },
  },
  {
    fault: 'starting up',
    expected: both('unhealthy DATABASE_STARTING'),
    passing: ON_THE_WAY,
    async inflict({ postgres }) {
      await postgres.restartStarting();
      return () => postgres.restart();
    },
  },
  {
    fault: 'frozen (SIGSTOP)',
    expected: both('unhealthy DATABASE_TIMEOUT'),
    async inflict({ postgres }) {
      await postgres.freeze();
      return () => postgres.thaw();
    },
  },
  {
    fault: 'half-frozen (postmaster only)',
    expected: both('unhealthy DATABASE_TIMEOUT'),
    async inflict({ postgres }) {
      postgres.freezePostmaster();
      return () => postgres.thaw();
    },
  },
  {
    fault: 'half-frozen, while the pool is complete and served',
    expected: { library: 'degraded DATABASE_TIMEOUT' },
    idle: false,
    note: 'Nobody gets in, and all who are in are served: the application’s own connections say so.',
    async inflict({ postgres, actors }) {
      const rest = await serveAll(actors);
      postgres.freezePostmaster();
      return async () => {
        await postgres.thaw();
        rest();
      };
    },
  },
  {
    fault: 'a limit of connections that the pool fills by itself',
    expected: { library: 'degraded DATABASE_TOO_MANY_CONNECTIONS' },
    idle: false,
    note: 'The usual case of a small plan: the pool is as large as what the role may have.',
    async inflict({ postgres, actors }) {
      const rest = await serveAll(actors);
      await postgres.query(`ALTER ROLE ${databaseUser} CONNECTION LIMIT 1`);
      return async () => {
        await postgres.query(`ALTER ROLE ${databaseUser} CONNECTION LIMIT -1`);
        rest();
      };
    },
  },
  {
    fault: 'killed (SIGKILL)',
    expected: both('unhealthy DATABASE_UNREACHABLE'),
    passing: ON_THE_WAY,
    async inflict({ postgres }) {
      await postgres.kill();
      return () => postgres.restart();
    },
  },
];

/** The library's application works with all connections of its pool; gives what ends that. */
async function serveAll(actors: Fixture['actors']): Promise<() => void> {
  const libraries = actors.filter(({ target }) => target.name === 'library');
  for (const { target } of libraries) target.send('serve');
  await sleep(SERVED_FOR_MS);
  return () => {
    for (const { target } of libraries) target.send('rest');
  };
}

/** A database can be renamed only while no session is in it. */
async function rename({ postgres }: Fixture, from: string, to: string): Promise<void> {
  await postgres.query(`ALTER DATABASE ${from} ALLOW_CONNECTIONS false`);
  await postgres.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${from}'`);
  await postgres.query(`ALTER DATABASE ${from} RENAME TO ${to}`);
  await postgres.query(`ALTER DATABASE ${to} ALLOW_CONNECTIONS true`);
}

/** An open transaction that does nothing holds a table in which the application of the library looks with its whole pool. */
async function lockSessions({ actors }: Fixture): Promise<() => Promise<void>> {
  const libraries = actors.filter(({ target }) => target.name === 'library');
  const { port } = actors[0]?.database ?? { port: 0 };
  const client = new pg.Client({ connectionString: databaseUrl({ host: PLANTED_SECRETS.host, port }) });
  await client.connect();
  await client.query('BEGIN; LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE');
  for (const { target } of libraries) target.send('work');
  return async () => {
    for (const { target } of libraries) target.send('rest');
    await client.query('ROLLBACK');
    await client.end();
  };
}
