// A plain node:http server with its health in front.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Redis } from 'ioredis';
import pg from 'pg';
import { createHealth } from 'portal-health';
import { createHealthHandler } from 'portal-health/node';

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });
const redis = new Redis(process.env.REDIS_URL);
for (const store of [pool, redis]) store.on('error', (error) => console.error('store:', error.code));

const health = createHealth({
  database: { pool },
  cache: { client: redis },
  onStatusChange: ({ from, to }) => console.log(`health: ${from ?? 'unknown'} -> ${to}`),
});
await health.start();
const handler = createHealthHandler(health);

const server = createServer((request, response) => {
  if (handler(request, response)) return;
  response.end('Hello from node:http\n');
});
server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => {
  console.log(`Listening on http://127.0.0.1:${server.address().port}`);
});

await once(process, 'SIGTERM');
health.drain();
await new Promise((resolve) => server.close(resolve));
await Promise.all([health.close(), pool.end(), redis.quit()]);
