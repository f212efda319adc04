// Koa with a check of its own: a queue that must not grow too long, without which the application can still do.
import { once } from 'node:events';
import { Redis } from 'ioredis';
import Koa from 'koa';
import pg from 'pg';
import { createHealth } from 'portal-health';
import { healthMiddleware } from 'portal-health/koa';

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });
const redis = new Redis(process.env.REDIS_URL);
for (const store of [pool, redis]) store.on('error', (error) => console.error('store:', error.code));

const health = createHealth({
  database: { pool },
  cache: { client: redis },
  checks: { queue: async () => (await redis.llen('jobs')) < 1_000 },
});
await health.start();

const app = new Koa();
app.use(healthMiddleware(health));
app.use(async (context) => {
  context.body = { jobs: await redis.llen('jobs') };
});

const server = app.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => {
  console.log(`Listening on http://127.0.0.1:${server.address().port}`);
});

await once(process, 'SIGTERM');
health.drain();
await new Promise((resolve) => server.close(resolve));
await Promise.all([health.close(), pool.end(), redis.quit()]);
