// Knex has a pool of its own (tarn), which is described: what its connections are made of, and its counts.
import knex from 'knex';
import { createHealth } from 'portal-health';

const db = knex({ client: 'pg', connection: process.env.DATABASE_URL, pool: { max: 8 } });
const { pool, driver } = db.client;

const health = createHealth({
  database: {
    pool: {
      Client: driver.Client,
      options: { connectionString: process.env.DATABASE_URL, max: pool.max },
      get totalCount() {
        return pool.numUsed() + pool.numFree() + pool.numPendingCreates();
      },
      get idleCount() {
        return pool.numFree();
      },
      get waitingCount() {
        return pool.numPendingAcquires();
      },
    },
  },
});
const { url } = await health.listen({ port: Number(process.env.PORT ?? 9090), host: '127.0.0.1' });
console.log(`Health on ${url}/health`);

setInterval(() => db.raw('SELECT 1').catch(console.error), 1_000);
