/**
 * Claim: while all is well and no client asks, the probes cost a database a fifth of what a query every two seconds costs.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { startPostgres, startRedis, type PostgresServer, type RedisServer } from 'portal-test-kit';
import type { Claim } from './claim.js';
import { startContender } from './process.js';
import { table } from './statistics.js';
import { readStoreUsage } from './store-usage.js';

const MEASURED_MS = 60_000;
/** Enough for the first run of every probe, and for the pace to become the slow one. */
const SETTLE_MS = 15_000;
const REQUEST_EVERY_MS = 2_000;

interface Contender {
  readonly name: string;
  readonly server: string;
  readonly requested: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

const CONTENDERS: readonly Contender[] = [
  { name: '**portal-health**, no requests', server: 'portal-instances', requested: false },
  { name: '**portal-health**, a request every 2 s', server: 'portal-instances', requested: true },
  {
    name: 'portal-health, always a probe run every 2 s',
    server: 'portal-instances',
    requested: false,
    env: { IDLE_INTERVAL_MS: '2000' },
  },
  { name: '@godaddy/terminus, a request every 2 s', server: 'terminus-instances', requested: true },
];
const INSTANCES = [1, 50];

export const storeCost: Claim = {
  name: 'store-cost',
  title: 'What being watched costs the stores',
  async measure() {
    const rows: string[][] = [];
    for (const instances of INSTANCES) {
      for (const contender of CONTENDERS) rows.push(await measureOnce(contender, instances));
    }
    return [
      `\`npm run bench -- store-cost\`: ${MEASURED_MS / 1_000} s each, after ${SETTLE_MS / 1_000} s to settle, every contender on servers ` +
        'of its own; all figures for one instance and one minute. Processor time of Postgres is that of all its processes, ' +
        'logins and lines are of its log with `log_connections` and `log_disconnections` on. *own CPU* is of the watching ' +
        'process.',
      table(
        [
          'contender',
          'instances',
          'Postgres CPU ms',
          'logins',
          'log lines',
          'Redis CPU ms',
          'commands',
          'own CPU ms',
        ],
        rows,
      ),
    ].join('\n\n');
  },
};

async function measureOnce(contender: Contender, instances: number): Promise<string[]> {
  const postgres = await startPostgres({
    settings: { max_connections: 200, log_connections: 'on', log_disconnections: 'on' },
  });
  const redis = await startRedis();
  try {
    return await measureOn(postgres, redis, contender, instances);
  } finally {
    await redis.close();
    await postgres.close();
  }
}

async function measureOn(
  postgres: PostgresServer,
  redis: RedisServer,
  { name, server, requested, env = {} }: Contender,
  instances: number,
): Promise<string[]> {
  const running = await startContender(server, {
    DATABASE_URL: postgres.url,
    REDIS_URL: redis.url,
    INSTANCES: String(instances),
    ...env,
  });
  const stop = new AbortController();
  const requests = requested ? requestAll(running.port, instances, stop.signal) : Promise.resolve();
  try {
    await sleep(SETTLE_MS);
    const [before, ownBefore] = [await readStoreUsage(postgres, redis), await running.usage()];
    await sleep(MEASURED_MS);
    const [after, ownAfter] = [await readStoreUsage(postgres, redis), await running.usage()];
    const each = (sum: number, digits: number): string =>
      ((sum / instances) * (60_000 / MEASURED_MS)).toFixed(digits);
    return [
      name,
      String(instances),
      each(after.postgresCpuMs - before.postgresCpuMs, 0),
      each(after.logins - before.logins, 1),
      each(after.logLines - before.logLines, 1),
      each(after.redisCpuMs - before.redisCpuMs, 1),
      each(after.commands - before.commands, 1),
      each(ownAfter.cpuMs - ownBefore.cpuMs, 0),
    ];
  } finally {
    stop.abort();
    await requests;
    await running.close();
  }
}

/** Requests the report of every instance once every 2 s, as a load balancer or a monitor does. */
async function requestAll(port: number, instances: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    for (let instance = 0; instance < instances; instance += 1) {
      const response = await fetch(`http://127.0.0.1:${port}/${instance}/health`, { signal }).catch(
        () => undefined,
      );
      await response?.arrayBuffer().catch(() => undefined);
    }
    await sleep(REQUEST_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}
