// Hono on Node, with Postgres by postgres.js, and its health below /internal.
import { once } from 'node:events';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { Redis } from 'ioredis';
import { createHealth } from 'portal-health';
import { healthMiddleware } from 'portal-health/hono';
import postgres from 'postgres';

const sql = postgres(process.env.DATABASE_URL);
const redis = new Redis(process.env.REDIS_URL);
redis.on('error', (error) => console.error('store:', error.code));

const health = createHealth({ database: { pool: sql, postgres }, cache: { client: redis } });
await health.start();

const app = new Hono();
app.use(healthMiddleware(health, { prefix: '/internal' }));
app.get('/', async (context) => context.json(await sql`SELECT now() AS now`));

const server = serve(
  { fetch: app.fetch, port: Number(process.env.PORT ?? 8080), hostname: '127.0.0.1' },
  (info) => console.log(`Listening on http://127.0.0.1:${info.port}`),
);

await once(process, 'SIGTERM');
health.drain();
await new Promise((resolve) => server.close(resolve));
await Promise.all([health.close(), sql.end(), redis.quit()]);
