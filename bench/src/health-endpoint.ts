/**
 * Claim: `GET /health` costs about as much as `node:http` itself, and sends nothing to the stores.
 */
import { createHealth, respond } from 'portal-health';
import pg from 'pg';
import { startPostgres, startRedis } from 'portal-test-kit';
import type { Claim } from './claim.js';
import { load, type LoadResult } from './load.js';
import { startContender } from './process.js';
import { countQueries, type QueryCounts } from './queries.js';
import { median, spread, table } from './statistics.js';

const CONTENDERS = [
  ['bare', 'bare `node:http`, same bytes'],
  ['bare-with-stores', 'the same, with a pool and a client of its own, unused'],
  ['portal', '**portal-health**'],
  ['fastify', 'bare Fastify route, same bytes'],
  ['terminus', '@godaddy/terminus, `SELECT 1` + `PING`'],
  ['under-pressure', '@fastify/under-pressure, `SELECT 1` + `PING`'],
] as const;
const ROUNDS = 9;
/** By then the code is compiled, and the first probe runs are over. */
const WARM_UP_MS = 3_000;
const LOAD = { path: '/health', connections: 50, durationMs: 2_000 };

interface Round extends LoadResult, QueryCounts {
  readonly cpuUsPerRequest: number;
  readonly rssBytes: number;
}

export const healthEndpoint: Claim = {
  name: 'health-endpoint',
  title: '`GET /health` beside a bare server and two peers',
  async measure() {
    const postgres = await startPostgres({ settings: { shared_preload_libraries: 'pg_stat_statements' } });
    const redis = await startRedis();
    try {
      await postgres.query('CREATE EXTENSION pg_stat_statements');
      const env = {
        DATABASE_URL: postgres.url,
        REDIS_URL: redis.url,
        SAME_BYTES: await realResponse(postgres.url),
      };
      const rounds = new Map<string, Round[]>(CONTENDERS.map(([name]) => [name, []]));
      for (let round = 0; round < ROUNDS; round += 1) {
        for (const [name] of CONTENDERS) {
          const contender = await startContender(name, env);
          try {
            await load({ ...LOAD, port: contender.port, durationMs: WARM_UP_MS });
            const before = await countQueries(postgres, redis);
            const usedBefore = await contender.usage();
            const result = await load({ ...LOAD, port: contender.port });
            const used = await contender.usage();
            const after = await countQueries(postgres, redis);
            if (result.failed > 0) throw new Error(`${name} failed ${result.failed} requests`);
            rounds.get(name)?.push({
              ...result,
              // Counting is itself one command at Redis.
              queries: after.queries - before.queries,
              commands: after.commands - before.commands - 1,
              cpuUsPerRequest: ((used.cpuMs - usedBefore.cpuMs) * 1_000) / result.requests,
              rssBytes: used.rssBytes,
            });
          } finally {
            await contender.close();
          }
        }
      }
      return section(rounds);
    } finally {
      await redis.close();
      await postgres.close();
    }
  },
};

/** A response of the real endpoint on the real stores, for the contenders that send the same bytes. */
async function realResponse(databaseUrl: string): Promise<string> {
  const pool = new pg.Pool({ connectionString: databaseUrl });
  const health = createHealth({ database: { pool } });
  await health.start();
  const { headers, body } = respond(health, { endpoint: 'health', method: 'GET' }, 'public');
  await health.close();
  await pool.end();
  return JSON.stringify({ headers, body });
}

function section(rounds: ReadonlyMap<string, readonly Round[]>): string {
  const bare = rounds.get('bare') ?? [];
  const of = (runs: readonly Round[], key: keyof Round): number => median(runs.map((run) => run[key]));
  // Pair by pair within a round, so that the ratio holds when the machine's speed drifts between rounds.
  const ratio = (runs: readonly Round[], key: keyof Round): number =>
    median(runs.map((run, round) => run[key] / (bare[round]?.[key] ?? Number.NaN)));
  const rows = CONTENDERS.map(([name, title]) => {
    const runs = rounds.get(name) ?? [];
    const perSecond = runs.map((run) => run.requestsPerSecond);
    return [
      title,
      of(runs, 'requestsPerSecond').toFixed(0),
      spread(perSecond, 0),
      ratio(runs, 'requestsPerSecond').toFixed(2),
      of(runs, 'p50').toFixed(2),
      of(runs, 'p99').toFixed(2),
      ratio(runs, 'p99').toFixed(2),
      of(runs, 'cpuUsPerRequest').toFixed(1),
      (of(runs, 'rssBytes') / 2 ** 20).toFixed(0),
      (of(runs, 'queries') / of(runs, 'requests')).toFixed(4),
      (of(runs, 'commands') / of(runs, 'requests')).toFixed(4),
    ];
  });
  return [
    `\`npm run bench -- health-endpoint\`: ${ROUNDS} rounds of ${LOAD.durationMs / 1_000} s, ${LOAD.connections} ` +
      `keep-alive connections after ${WARM_UP_MS / 1_000} s to warm up, each contender in a process of its own, all on the ` +
      'same Postgres and Redis. Medians; × is the median of the ratios to the bare server of the same round.',
    table(
      [
        'server',
        'requests/s',
        'spread',
        '×',
        'p50 ms',
        'p99 ms',
        'p99 ×',
        'CPU µs a request',
        'MiB',
        'queries a request',
        'commands a request',
      ],
      rows,
    ),
  ].join('\n\n');
}
