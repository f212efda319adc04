// Express with its health first, so that neither helmet nor a session stands before it; Postgres by pg, Redis by node-redis.
import { once } from 'node:events';
import express from 'express';
import helmet from 'helmet';
import pg from 'pg';
import { createHealth } from 'portal-health';
import { healthMiddleware } from 'portal-health/express';
import { createClient } from 'redis';

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });
const redis = createClient({ url: process.env.REDIS_URL });
for (const store of [pool, redis]) store.on('error', (error) => console.error('store:', error.code));
await redis.connect();

const health = createHealth({ database: { pool }, cache: { client: redis } });
await health.start();

const app = express();
app.use(healthMiddleware(health));
app.use(helmet());
app.use(express.json());
app.get('/', async (_request, response) => {
  const { rows } = await pool.query('SELECT now() AS now');
  response.json(rows[0]);
});

const server = app.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => {
  console.log(`Listening on http://127.0.0.1:${server.address().port}`);
});

await once(process, 'SIGTERM');
health.drain();
await new Promise((resolve) => server.close(resolve));
await Promise.all([health.close(), pool.end(), redis.close()]);
