// CommonJS: `require` instead of `import`, and a function instead of `await` at the top.
const express = require('express');
const { Pool } = require('pg');
const { createHealth } = require('portal-health');
const { healthMiddleware } = require('portal-health/express');

async function main() {
  const pool = new Pool({ connectionString: process.env.DATABASE_URL });
  pool.on('error', (error) => console.error('database:', error.message));
  const health = createHealth({ database: { pool } });
  await health.start();

  const app = express();
  app.use(healthMiddleware(health));
  app.get('/', async (_request, response) => response.json((await pool.query('SELECT now()')).rows[0]));
  const server = app.listen(Number(process.env.PORT ?? 8080), () => {
    const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
    console.log(`Health on http://127.0.0.1:${port}/health`);
  });
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
