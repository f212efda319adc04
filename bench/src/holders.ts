/**
 * Claim: to know who holds a connection costs at most 1 µs of CPU a checkout, with the call site at most 2 µs at 10,000
 * checkouts a second; on a real server it is lost in the noise.
 */
import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { createHealth, type DatabaseOptions } from 'portal-health';
import { startPostgres } from 'portal-test-kit';
import type { Claim } from './claim.js';
import { median, table } from './statistics.js';

type Explain = NonNullable<DatabaseOptions['explain']>;

/** What is compared. The second without reasons is what the measure itself makes of no difference at all. */
const CONTENDERS: readonly (readonly [name: string, explain: Explain | undefined])[] = [
  ['without reasons', undefined],
  ['without reasons, again (A/A)', undefined],
  ['holders (`explain: true`)', true],
  ['holders, label (`describe`)', { describe: () => 'GET /orders' }],
  ['holders, label, call sites (`sites`)', { sites: true, describe: () => 'GET /orders' }],
];
const ROUNDS = 60;
const CHECKOUTS = 4_000;
/** 10,000 a second. */
const PACED = { checkouts: 100, everyMs: 10, batches: 20 };
const QUERIES = 300;
const POOL_SIZE = 10;

export const holders: Claim = {
  name: 'holders',
  title: 'What it costs to know who holds the pool',
  async measure() {
    const instant = await measured({ Client: instantClient() }, asFastAsItGoes);
    const paced = await measured({ Client: instantClient() }, tenThousandASecond);
    const postgres = await startPostgres();
    try {
      const connectionString = postgres.url;
      const query = await measured({ connectionString }, queries);
      const transaction = await measured({ connectionString }, transactions);
      return [
        `\`npm run bench -- holders\`: CPU time of the process, ${ROUNDS} rounds in turn after one to warm up, the 10th ` +
          'percentile of the rounds. *Instant*: a pool of `pg` whose clients answer at once, so that nothing but the pool is ' +
          'measured; µs added to a checkout by `connect()` and its `release()`.',
        table(
          ['', 'instant, as fast as it goes: µs', 'added', 'instant, 10,000 a second: µs', 'added'],
          CONTENDERS.map(([name], index) => [
            name,
            ...difference(instant, index),
            ...difference(paced, index),
          ]),
        ),
        'On a real Postgres, client path of this process; × is the median of the ratios to the first of the same round, ' +
          'with their 10th and 90th percentile:',
        table(
          ['', '`pool.query`: µs', '× (spread)', 'connect, BEGIN, SELECT, COMMIT: µs', '× (spread)'],
          CONTENDERS.map(([name], index) => [name, ...ratio(query, index), ...ratio(transaction, index)]),
        ),
      ].join('\n\n');
    } finally {
      await postgres.close();
    }
  },
};

/** Does one round of work on a pool; gives how many checkouts that were. */
type Work = (pool: pg.Pool) => Promise<number>;

/** CPU µs a checkout of each contender, round by round. */
async function measured(config: pg.PoolConfig, work: Work): Promise<readonly (readonly number[])[]> {
  const stages = [];
  for (const [, explain] of CONTENDERS) {
    const pool = new pg.Pool({ ...config, max: POOL_SIZE });
    // One run of the probe a minute, so that nothing but the pool is measured.
    const sampling = { intervalMs: 60_000, idleIntervalMs: 60_000, deadlineMs: 30_000, slowMs: 30_000 };
    const health = createHealth({ database: { pool, ...sampling, ...(explain && { explain }) } });
    await health.start();
    await work(pool);
    stages.push({ pool, health, perCheckout: new Array<number>() });
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { pool, perCheckout } of stages) {
      const before = process.cpuUsage();
      const checkouts = await work(pool);
      const { user, system } = process.cpuUsage(before);
      perCheckout.push((user + system) / checkouts);
    }
  }
  for (const { pool, health } of stages) {
    await health.close();
    await pool.end();
  }
  return stages.map(({ perCheckout }) => perCheckout);
}

async function asFastAsItGoes(pool: pg.Pool): Promise<number> {
  for (let checkout = 0; checkout < CHECKOUTS; checkout += 1) (await pool.connect()).release();
  return CHECKOUTS;
}

async function tenThousandASecond(pool: pg.Pool): Promise<number> {
  const { checkouts, everyMs, batches } = PACED;
  const beganMs = performance.now();
  for (let batch = 1; batch <= batches; batch += 1) {
    for (let checkout = 0; checkout < checkouts; checkout += 1) (await pool.connect()).release();
    await sleep(Math.max(0, beganMs + batch * everyMs - performance.now()));
  }
  return checkouts * batches;
}

async function queries(pool: pg.Pool): Promise<number> {
  for (let query = 0; query < QUERIES; query += 1) await pool.query('SELECT 1');
  return QUERIES;
}

async function transactions(pool: pg.Pool): Promise<number> {
  for (let transaction = 0; transaction < QUERIES; transaction += 1) {
    const client = await pool.connect();
    await client.query('BEGIN');
    await client.query('SELECT 1');
    await client.query('COMMIT');
    client.release();
  }
  return QUERIES;
}

/** A class of clients, by the members that a pool of `pg` uses, that answer everything at once. */
function instantClient(): never {
  class InstantClient extends EventEmitter {
    readonly _queryable = true;
    readonly _activeQuery = null;
    readonly host = 'localhost';
    readonly port = 5432;

    connect(callback?: (error?: Error) => void): Promise<void> {
      if (callback) process.nextTick(callback);
      return Promise.resolve();
    }

    query(): Promise<object> {
      return Promise.resolve({ rows: [{ transaction_read_only: 'off' }] });
    }

    end(callback?: () => void): Promise<void> {
      if (callback) process.nextTick(callback);
      return Promise.resolve();
    }

    getTransactionStatus(): string {
      return 'I';
    }
  }
  // The pool takes any class that has these members; its types ask for all of a Client.
  return InstantClient as never;
}

/** Others share the machine, and only ever add to a round. */
function tenthPercentile(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 10)] ?? Number.NaN;
}

function difference(rounds: readonly (readonly number[])[], index: number): readonly string[] {
  const base = rounds[0] ?? [];
  const own = rounds[index] ?? [];
  // Pair by pair within a round, so that it holds when the machine's speed drifts between rounds.
  const added = median(own.map((value, round) => value - (base[round] ?? Number.NaN)));
  return [
    tenthPercentile(own).toFixed(2),
    index === 0 ? '–' : `${added >= 0 ? '+' : '−'}${Math.abs(added).toFixed(2)}`,
  ];
}

/** The median of the ratios to the first of the same round, and where four fifths of them lie. */
function ratio(rounds: readonly (readonly number[])[], index: number): readonly string[] {
  const base = rounds[0] ?? [];
  const own = rounds[index] ?? [];
  const ratios = own.map((value, round) => value / (base[round] ?? Number.NaN)).toSorted((a, b) => a - b);
  const at = (part: number): string => (ratios[Math.floor(ratios.length * part)] ?? Number.NaN).toFixed(2);
  return [tenthPercentile(own).toFixed(1), index === 0 ? '1' : `${at(0.5)} (${at(0.1)}–${at(0.9)})`];
}
