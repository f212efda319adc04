/**
 * Claim: all reasons of 50 instances together cost their database at most a hundredth of a core, also in trouble, and a cache
 * that is quick no question more.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { startPostgres, startRedis, type PostgresServer, type RedisServer } from 'portal-test-kit';
import type { Claim } from './claim.js';
import { startContender } from './process.js';
import { table } from './statistics.js';
import { readStoreUsage, type StoreUsage } from './store-usage.js';

const INSTANCES = 50;
const MEASURED_MS = 40_000;
/** Enough for the first run of every probe, the hourly questions, and for the pace to become the slow one. */
const SETTLE_MS = 20_000;
const WAITERS = 13;

interface Round {
  readonly name: string;
  readonly explain: boolean;
  readonly trouble: boolean;
}

const ROUNDS: readonly Round[] = [
  { name: 'all is well, without reasons', explain: false, trouble: false },
  { name: 'the same again', explain: false, trouble: false },
  { name: 'all is well, **with reasons**', explain: true, trouble: false },
  { name: 'every pool stalled and a queue for a lock, without reasons', explain: false, trouble: true },
  { name: 'the same again', explain: false, trouble: true },
  { name: 'every pool stalled and a queue for a lock, **with reasons**', explain: true, trouble: true },
];

interface Measured {
  readonly percentOfCore: number;
  readonly questions: number;
  readonly turnedAway: number;
  readonly questionMs: number;
  readonly commands: number;
}

export const reasonsCost: Claim = {
  name: 'reasons-cost',
  title: 'What reasons cost the stores',
  async measure() {
    const rows: string[][] = [];
    for (const round of ROUNDS) {
      const { percentOfCore, questions, turnedAway, questionMs, commands } = await measureOnce(round);
      rows.push([
        round.name,
        percentOfCore.toFixed(2),
        questions.toFixed(1),
        turnedAway.toFixed(1),
        questionMs.toFixed(2),
        commands.toFixed(1),
      ]);
    }
    return [
      `\`npm run bench -- reasons-cost\`: ${INSTANCES} instances on one database and one cache, ${MEASURED_MS / 1_000} s each, after ` +
        `${SETTLE_MS / 1_000} s to settle, every round on servers of its own. Processor time is that of all processes of Postgres, in ` +
        'percent of one core; what reasons cost is the difference to the rounds without, whose own difference is the noise. ' +
        'Questions are those that were answered, and those that were turned away as another instance had asked within two ' +
        'seconds, a minute, by `pg_stat_statements`, whose time of one question includes its plan and is that of the clock.',
      table(
        [
          'round',
          'Postgres, % of a core',
          'questions a minute',
          'turned away a minute',
          'ms of all questions a second',
          'Redis commands an instance and minute',
        ],
        rows,
      ),
    ].join('\n\n');
  },
};

async function measureOnce(round: Round): Promise<Measured> {
  const postgres = await startPostgres({
    settings: {
      max_connections: 300,
      shared_preload_libraries: 'pg_stat_statements',
      'pg_stat_statements.track_planning': 'on',
    },
  });
  const redis = await startRedis();
  const endQueue = round.trouble ? await lockQueue(postgres) : undefined;
  try {
    return await measureOn(postgres, redis, round);
  } finally {
    await endQueue?.();
    await redis.close();
    await postgres.close();
  }
}

async function measureOn(
  postgres: PostgresServer,
  redis: RedisServer,
  { explain, trouble }: Round,
): Promise<Measured> {
  await postgres.query('CREATE EXTENSION pg_stat_statements');
  const running = await startContender('portal-instances', {
    DATABASE_URL: postgres.url,
    REDIS_URL: redis.url,
    INSTANCES: String(INSTANCES),
    ...(explain && { EXPLAIN: '1' }),
    ...(trouble && { TROUBLE: '1' }),
  });
  try {
    await sleep(SETTLE_MS);
    await postgres.query('SELECT pg_stat_statements_reset()');
    const before = await readStoreUsage(postgres, redis);
    await sleep(MEASURED_MS);
    return { ...between(before, await readStoreUsage(postgres, redis)), ...(await questionsOf(postgres)) };
  } finally {
    await running.close();
  }
}

const aMinute = (count: number): number => count * (60_000 / MEASURED_MS);

function between(before: StoreUsage, after: StoreUsage): Pick<Measured, 'percentOfCore' | 'commands'> {
  return {
    percentOfCore: ((after.postgresCpuMs - before.postgresCpuMs) / MEASURED_MS) * 100,
    commands: aMinute(after.commands - before.commands) / INSTANCES,
  };
}

async function questionsOf(
  postgres: PostgresServer,
): Promise<Pick<Measured, 'questions' | 'turnedAway' | 'questionMs'>> {
  const [row = {}] = await postgres.query(
    `SELECT coalesce(sum(calls) FILTER (WHERE query LIKE '%AS portal_activity%'), 0)::float AS questions,
            coalesce(sum(calls) FILTER (WHERE query LIKE '%AS free%'), 0)::float AS tried,
            coalesce(sum(total_exec_time + total_plan_time) FILTER (WHERE query LIKE '%AS portal_%' OR query LIKE '%AS free%'), 0)::float AS ms
     FROM pg_stat_statements WHERE query NOT LIKE '%pg_stat_statements%'`,
  );
  const questions = Number(row['questions']);
  return {
    questions: aMinute(questions),
    turnedAway: aMinute(Number(row['tried']) - questions),
    questionMs: Number(row['ms']) / (MEASURED_MS / 1_000),
  };
}

/** One that does nothing in an open transaction, a change that waits for it, and reads that wait behind it. */
async function lockQueue(postgres: PostgresServer): Promise<() => Promise<void>> {
  await postgres.query('CREATE TABLE queue (id int)');
  const clients: pg.Client[] = [];
  const run = async (sql: string): Promise<Promise<unknown>> => {
    const client = new pg.Client({ connectionString: postgres.url });
    client.on('error', () => undefined);
    clients.push(client);
    await client.connect();
    return client.query(sql).catch(() => undefined);
  };
  await run('BEGIN; SELECT FROM queue');
  void run('ALTER TABLE queue ADD x int');
  await sleep(200);
  for (let waiter = 0; waiter < WAITERS; waiter += 1) void run('SELECT FROM queue');
  return async () => {
    await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
  };
}
