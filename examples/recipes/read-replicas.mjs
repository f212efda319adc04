// A primary and its replicas: those refuse writes on purpose, and the application can do without one of them.
import pg from 'pg';
import { createHealth } from 'portal-health';

const primary = new pg.Pool({ connectionString: process.env.DATABASE_URL });
const replicas = (process.env.REPLICA_URLS ?? '')
  .split(',')
  .filter(Boolean)
  .map((connectionString) => new pg.Pool({ connectionString }));
for (const pool of [primary, ...replicas]) pool.on('error', (error) => console.error(error.message));

const health = createHealth({
  database: { pool: primary },
  databases: Object.fromEntries(
    replicas.map((pool, index) => [`replica-${index + 1}`, { pool, readOnly: true, critical: false }]),
  ),
});
const { url } = await health.listen({ port: Number(process.env.PORT ?? 9090), host: '127.0.0.1' });
console.log(`Health on ${url}/health`);

setInterval(() => primary.query('SELECT 1').catch(console.error), 1_000);
