// Several pools and caches: one of each may go without a name, the others have one, which everybody may see.
import { Redis } from 'ioredis';
import pg from 'pg';
import { createHealth } from 'portal-health';

const shop = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 20 });
const reports = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 2 });
const sessions = new Redis(process.env.REDIS_URL);
for (const store of [shop, reports, sessions]) store.on('error', (error) => console.error(error.message));

const health = createHealth({
  database: { pool: shop },
  databases: { reports: { pool: reports, critical: false, slowMs: 2_000 } },
  caches: { sessions: { client: sessions, critical: true } },
});
const { url } = await health.listen({ port: Number(process.env.PORT ?? 9090), host: '127.0.0.1' });
// `errors` then say whose they are: "reports: The database cannot be reached (DATABASE_UNREACHABLE)".
console.log(`Health on ${url}/health`);

setInterval(() => shop.query('SELECT 1').catch(console.error), 1_000);
