// Listen first, connect later: `/livez` and `/health` answer while the application waits for its database.
import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import { createHealth } from 'portal-health';

let pool = /** @type {pg.Pool | undefined} */ (undefined);
// Until there is one `/health` says DATABASE_NOT_READY; `ready: 'critical'` keeps traffic away meanwhile.
const health = createHealth({ database: { pool: () => pool }, ready: 'critical' });
const { url } = await health.listen({ port: Number(process.env.PORT ?? 9090), host: '127.0.0.1' });
console.log(`Health on ${url}/health`);

async function connect() {
  const made = new pg.Pool({ connectionString: process.env.DATABASE_URL });
  made.on('error', (error) => console.error('database:', error.message));
  for (;;) {
    try {
      await made.query('SELECT 1');
      return made;
    } catch (error) {
      console.error('The database is not there yet:', error.code);
      await setTimeout(1_000);
    }
  }
}

pool = await connect();
setInterval(() => pool?.query('SELECT 1').catch(console.error), 1_000);
