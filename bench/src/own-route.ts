/**
 * Claim: an application's own route costs at most 2 % more processor time with the endpoints mounted in front of it, and as
 * little with `portal-health/auto`.
 */
import { startPostgres, startRedis } from 'portal-test-kit';
import type { Claim } from './claim.js';
import { load } from './load.js';
import { startContender } from './process.js';
import { median, spread, table } from './statistics.js';

interface Contender {
  readonly name: string;
  readonly title: string;
  readonly execArgv?: readonly string[];
}

const CONTENDERS: readonly Contender[] = [
  { name: 'own-route', title: 'the application by itself' },
  { name: 'own-route', title: 'the same again (A/A)' },
  { name: 'own-route-mounted', title: '**portal-health** mounted in front of it' },
  {
    name: 'own-route',
    title: '`--import portal-health/auto`',
    execArgv: ['--import', 'portal-health/auto'],
  },
];
const ROUNDS = 9;
/** What a start leaves behind, compiling above all, takes seconds beside a full load. */
const WARM_UP_MS = 5_000;
const LOAD = { path: '/orders/4711', connections: 20, durationMs: 3_000 };

export const ownRoute: Claim = {
  name: 'own-route',
  title: 'What it costs the application’s own routes',
  async measure() {
    const postgres = await startPostgres();
    const redis = await startRedis();
    try {
      const env = { DATABASE_URL: postgres.url, REDIS_URL: redis.url, PORTAL_HEALTH_PORT: '0' };
      const rounds: number[][] = CONTENDERS.map(() => []);
      for (let round = 0; round < ROUNDS; round += 1) {
        // Each round begins with another one, so that none profits from its place.
        for (let turn = 0; turn < CONTENDERS.length; turn += 1) {
          const place = (turn + round) % CONTENDERS.length;
          const contender = CONTENDERS[place];
          if (contender) rounds[place]?.push(await cpuUsPerRequest(contender, env));
        }
      }
      return section(rounds);
    } finally {
      await redis.close();
      await postgres.close();
    }
  },
};

async function cpuUsPerRequest(
  { name, execArgv = [] }: Contender,
  env: Readonly<Record<string, string>>,
): Promise<number> {
  const running = await startContender(name, env, execArgv);
  try {
    await load({ ...LOAD, port: running.port, durationMs: WARM_UP_MS });
    const before = await running.usage();
    const { requests, failed } = await load({ ...LOAD, port: running.port });
    const after = await running.usage();
    if (failed > 0) throw new Error(`${name} failed ${failed} requests`);
    return ((after.cpuMs - before.cpuMs) * 1_000) / requests;
  } finally {
    await running.close();
  }
}

function section(rounds: readonly (readonly number[])[]): string {
  const [alone = []] = rounds;
  const rows = CONTENDERS.map(({ title }, place) => {
    const runs = rounds[place] ?? [];
    // Pair by pair within a round, so that the ratio holds when the machine's speed drifts between rounds.
    const ratios = runs.map((one, round) => one / (alone[round] ?? Number.NaN));
    return [title, median(runs).toFixed(2), spread(runs, 1), median(ratios).toFixed(3)];
  });
  return [
    `\`npm run bench -- own-route\`: ${ROUNDS} rounds of ${LOAD.durationMs / 1_000} s, ${LOAD.connections} keep-alive connections ` +
      'on a route of a plain `node:http` server that answers 60 bytes of JSON, which is as little as a route can do; a pool and a client ' +
      'of Redis beside it. Processor time of the process, probes included; × is the median of the ratios to the application by itself.',
    table(['application', 'CPU µs a request', 'spread', '×'], rows),
  ].join('\n\n');
}
