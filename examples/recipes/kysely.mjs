// Kysely: the pool is the one that its dialect was given.
import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { createHealth } from 'portal-health';

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });
pool.on('error', (error) => console.error('database:', error.message));
const db = new Kysely({ dialect: new PostgresDialect({ pool }) });

const health = createHealth({ database: { pool } });
const { url } = await health.listen({ port: Number(process.env.PORT ?? 9090), host: '127.0.0.1' });
console.log(`Health on ${url}/health`);

setInterval(() => sql`SELECT 1`.execute(db).catch(console.error), 1_000);
