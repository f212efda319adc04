// Sequelize 6 has a pool of its own too, and its types do not tell of it.
import { createHealth } from 'portal-health';
import { Sequelize } from 'sequelize';

const sequelize = new Sequelize(process.env.DATABASE_URL, { logging: false, pool: { max: 8 } });
/** @type {any} */
const { lib, pool } = Reflect.get(sequelize, 'connectionManager');

const health = createHealth({
  database: {
    pool: {
      Client: lib.Client,
      options: { connectionString: process.env.DATABASE_URL, max: pool.maxSize },
      get totalCount() {
        return pool.size;
      },
      get idleCount() {
        return pool.available;
      },
      get waitingCount() {
        return pool.waiting;
      },
    },
  },
});
const { url } = await health.listen({ port: Number(process.env.PORT ?? 9090), host: '127.0.0.1' });
console.log(`Health on ${url}/health`);

setInterval(() => sequelize.query('SELECT 1').catch(console.error), 1_000);
