// Drizzle: the pool is the member `$client`. Over postgres.js give its function too: `{ pool: db.$client, postgres }`.
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import { createHealth } from 'portal-health';

const db = drizzle({ client: new pg.Pool({ connectionString: process.env.DATABASE_URL }) });
db.$client.on('error', (error) => console.error('database:', error.message));

const health = createHealth({ database: { pool: db.$client } });
const { url } = await health.listen({ port: Number(process.env.PORT ?? 9090), host: '127.0.0.1' });
console.log(`Health on ${url}/health`);

setInterval(() => db.execute(sql`SELECT 1`).catch(console.error), 1_000);
