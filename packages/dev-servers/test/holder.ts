/** Both embedded servers in a process of their own, which a test may kill. Prints one line of JSON when they run. */
import { startEmbeddedPostgres } from '../src/postgres.js';
import { startEmbeddedRedis } from '../src/redis.js';

const [postgresDir, redisDir] = process.argv.slice(2);
const announce = (line: string): void => {
  process.stderr.write(`${line}\n`);
};
const postgres = await startEmbeddedPostgres({ dataDir: postgresDir ?? '', announce });
const redis =
  redisDir === undefined ? undefined : await startEmbeddedRedis({ dataDir: redisDir, fetch: true, announce });
if (redisDir !== undefined && redis === undefined) throw new Error('Expected a Redis, got none.');
process.stdout.write(`${JSON.stringify({ pids: [postgres.pid, redis?.pid], url: postgres.url })}\n`);
process.stdin.resume();
