/**
 * Claim: `GET /v1/admin/health`, with its session look-up, is fast enough for all administrators at once.
 */
import { startPostgres, startRedis } from 'portal-test-kit';
import type { Claim } from './claim.js';
import { load, type LoadResult } from './load.js';
import { countQueries } from './queries.js';
import { startBenchService } from './service.js';
import { median, spread, table } from './statistics.js';

const ROUNDS = 5;
const LOAD = { path: '/v1/admin/health', connections: 50, durationMs: 2_000 };

export const adminEndpoint: Claim = {
  name: 'admin-endpoint',
  title: '`GET /v1/admin/health` alone',
  async measure() {
    const postgres = await startPostgres({ settings: { shared_preload_libraries: 'pg_stat_statements' } });
    const redis = await startRedis();
    try {
      await postgres.query('CREATE EXTENSION pg_stat_statements');
      const service = await startBenchService({ DATABASE_URL: postgres.url, REDIS_URL: redis.url });
      try {
        const headers = [`Cookie: psession=${service.session}`];
        const runs: LoadResult[] = [];
        await load({ ...LOAD, port: service.port, headers });
        const before = await countQueries(postgres, redis);
        for (let round = 0; round < ROUNDS; round += 1) {
          runs.push(await load({ ...LOAD, port: service.port, headers }));
        }
        const after = await countQueries(postgres, redis);
        const failed = runs.reduce((sum, run) => sum + run.failed, 0);
        if (failed > 0) throw new Error(`${failed} requests failed`);
        const requests = runs.reduce((sum, run) => sum + run.requests, 0);
        return section(
          runs,
          (after.queries - before.queries) / requests,
          (after.commands - before.commands) / requests,
        );
      } finally {
        await service.close();
      }
    } finally {
      await redis.close();
      await postgres.close();
    }
  },
};

function section(runs: readonly LoadResult[], queries: number, commands: number): string {
  const perSecond = runs.map((run) => run.requestsPerSecond);
  return [
    `\`npm run bench -- admin-endpoint\`: the whole service, ${ROUNDS} runs of ${LOAD.durationMs / 1_000} s, ` +
      `${LOAD.connections} keep-alive connections with one administrator's cookie. Medians.`,
    table(
      ['requests/s', 'spread', 'p50 ms', 'p99 ms', 'queries a request', 'commands a request'],
      [
        [
          median(perSecond).toFixed(0),
          spread(perSecond, 0),
          median(runs.map((run) => run.p50)).toFixed(2),
          median(runs.map((run) => run.p99)).toFixed(2),
          queries.toFixed(3),
          commands.toFixed(3),
        ],
      ],
    ),
  ].join('\n\n');
}
