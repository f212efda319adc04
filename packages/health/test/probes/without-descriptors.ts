/** Uses up what the process may open, and asks both stores before, meanwhile and afterwards; run by a test, with a limit. */
import { closeSync, openSync } from 'node:fs';
import pg from 'pg';
import { createClient } from 'redis';
import { createPostgresProbe } from '../../src/probes/postgres/postgres.js';
import { createRedisProbe } from '../../src/probes/redis/redis.js';
import type { Probe } from '../../src/types.js';
import { NO_CLOCK } from './run-probe.js';

const [databaseUrl = '', redisUrl = ''] = process.argv.slice(2);
const named = new URL(databaseUrl);
named.hostname = 'localhost';

/** Whether a busy machine is slow is no question here. */
const slowMs = 60_000;
const database = createPostgresProbe({ pool: new pg.Pool({ connectionString: databaseUrl }), slowMs });
const byName = createPostgresProbe({ pool: new pg.Pool({ connectionString: named.href }), slowMs });
const cache = createRedisProbe({ client: createClient({ url: redisUrl }), slowMs });

async function print(what: string, probe: Probe<unknown>): Promise<void> {
  const { problems, isOwnProblem: ours = false } = await probe.run(AbortSignal.timeout(10_000), NO_CLOCK);
  process.stdout.write(`${what}: ${JSON.stringify(problems)} ${ours}\n`);
}

await print('database before', database);
await print('cache before', cache);
const open: number[] = [];
try {
  for (;;) open.push(openSync('/dev/null', 'r'));
} catch {
  // None is left.
}
await print('database without', database);
await print('cache without', cache);
await print('named without', byName);
for (const descriptor of open) closeSync(descriptor);
await print('database after', database);
await print('cache after', cache);
process.exit();
