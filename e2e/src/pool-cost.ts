/**
 * Requirement 3 at full size: a thousand probe runs that time out cost the application's pool nothing. The same with the
 * usual `Promise.race` over the pool shows that the experiment can tell the difference.
 */
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { createHealth } from 'portal-health';
import { startProxy, waitFor, type PostgresServer } from 'portal-test-kit';
import { LIMITS } from './limits.js';
import { databaseUrl } from './fixture.js';

export interface PoolCost {
  readonly probes: number;
  /** Connections of the pool that were taken out of it. */
  readonly taken: number;
  /**
   * Most connections to the server, beside those the pool had before, that two samples in a row saw, 10 ms
   * apart: the closing of one may cross with the making of the next.
   */
  readonly mostAtServer: number;
  /** Callers of the pool who waited when it was over. */
  readonly waiting: number;
  /** Open descriptors afterwards, less those before. */
  readonly descriptors: number;
  /** From the healing of the network to the application's first answer. */
  readonly worksAfterMs: number;
}

export interface PoolCosts {
  readonly portal: PoolCost;
  readonly race: PoolCost;
}

const PROBES = 1_000;
/** Time enough between two probes for the network to close what one has left. */
const INTERVAL_MS = 30;
const DEADLINE_MS = 20;
const POOL_SIZE = 10;
/** After this a probe that never ends fails the experiment. */
const PATIENCE_MS = 120_000;

/** The broken limits of the library's cost, as sentences; also when the other way costs too little to compare. */
export function brokenByPoolCost({ portal, race }: PoolCosts): string[] {
  const broken: string[] = [];
  if (portal.taken > 0) broken.push(`${portal.taken} connections taken from the pool, limit 0`);
  if (portal.mostAtServer > 1) broken.push(`${portal.mostAtServer} connections at the server, limit 1`);
  if (portal.descriptors > 0) broken.push(`${portal.descriptors} descriptors left open, limit 0`);
  if (portal.worksAfterMs > LIMITS.healMs) broken.push(`worked again after ${portal.worksAfterMs} ms`);
  if (race.taken < POOL_SIZE) broken.push('the experiment does not tell the two apart');
  return broken.map((what) => `pool cost: ${what}`);
}

/** A pool in use, and the network before it. */
interface Probed {
  readonly pool: pg.Pool;
  /** Probes until `PROBES` have timed out, then stops. */
  readonly probe: () => Promise<void>;
}

export function poolCostOfPortal(postgres: PostgresServer): Promise<PoolCost> {
  return measure(postgres, (pool) => ({
    pool,
    async probe() {
      let timedOut = 0;
      const health = createHealth({
        database: { pool, intervalMs: INTERVAL_MS, jitter: 0, deadlineMs: DEADLINE_MS },
        onFailure: ({ problems }) => {
          if (problems.includes('DATABASE_TIMEOUT')) timedOut += 1;
        },
      });
      await health.start();
      await waitFor('a thousand probes', () => timedOut >= PROBES, { timeoutMs: PATIENCE_MS });
      await health.close();
    },
  }));
}

/** The usual way: `Promise.race` over `pool.query`. */
export function poolCostOfRace(postgres: PostgresServer): Promise<PoolCost> {
  return measure(postgres, (pool) => ({
    pool,
    async probe() {
      for (let probes = 0; probes < PROBES; probes += 1) {
        const query = pool.query('SELECT 1');
        query.catch(() => undefined);
        await Promise.race([query, sleep(DEADLINE_MS)]);
      }
    },
  }));
}

async function measure(postgres: PostgresServer, prepare: (pool: pg.Pool) => Probed): Promise<PoolCost> {
  const proxy = await startProxy({ port: postgres.port });
  const url = databaseUrl({ host: '127.0.0.1', port: proxy.port });
  const { pool, probe } = prepare(
    new pg.Pool({ connectionString: url, max: POOL_SIZE, idleTimeoutMillis: 0 }),
  );
  pool.on('error', () => undefined);
  try {
    // An application in use: all its connections are there.
    await Promise.all(Array.from({ length: POOL_SIZE }, () => pool.query('SELECT pg_sleep(0.1)')));
    const own = proxy.connections;
    const before = openDescriptors();
    let taken = 0;
    pool.on('acquire', () => (taken += 1));
    let mostAtServer = 0;
    let lastSample = 0;
    const watch = setInterval(() => {
      const sample = proxy.connections - own;
      mostAtServer = Math.max(mostAtServer, Math.min(sample, lastSample));
      lastSample = sample;
    }, 10);
    // What the probe says arrives at the server, so that it has a connection to be left with.
    await proxy.fault('half-open');
    await probe();
    clearInterval(watch);
    const waiting = pool.waitingCount;
    await sleep(100);
    const descriptors = openDescriptors() - before;
    await proxy.heal();
    const healedMs = performance.now();
    const takenByProbes = taken;
    await waitFor('the application to work', () => pool.query('SELECT 1').then(() => true), {
      timeoutMs: 60_000,
    });
    return {
      probes: PROBES,
      taken: takenByProbes,
      mostAtServer,
      waiting,
      descriptors,
      worksAfterMs: performance.now() - healedMs,
    };
  } finally {
    await proxy.close();
    await pool.end().catch(() => undefined);
  }
}

function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}
