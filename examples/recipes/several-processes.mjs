// Several processes: each has pools of its own, so each has a health of its own, on a port of its own. On the port that
// they share every answer would be another one's.
import cluster from 'node:cluster';
import { createServer } from 'node:http';
import pg from 'pg';
import { createHealth } from 'portal-health';

const WORKERS = 2;
const worker = cluster.worker;

if (worker === undefined) {
  for (let index = 0; index < WORKERS; index += 1) cluster.fork();
} else {
  const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });
  pool.on('error', (error) => console.error('database:', error.message));
  const health = createHealth({ database: { pool } });
  // 9091, 9092, …: the ids of workers begin with 1. Let Prometheus scrape each of them.
  const port = Number(process.env.PORT ?? 9090);
  const { url } = await health.listen({ port: port === 0 ? 0 : port + worker.id, host: '127.0.0.1' });
  console.log(`Health on ${url}/health`);
  createServer(async (_request, response) => {
    response.end(JSON.stringify((await pool.query('SELECT now()')).rows[0]));
  }).listen(Number(process.env.APP_PORT ?? 8080));
}
