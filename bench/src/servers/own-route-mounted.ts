/** The same application with our endpoints in front of its route. */
import { createHealth } from 'portal-health';
import { createHealthHandler } from 'portal-health/node';
import { listenOnFreePort, orders, stores } from './contender.js';

const { pool, redis } = stores();
await Promise.all([pool.query('SELECT 1'), redis.ping()]);
const health = createHealth({ database: { pool }, cache: { client: redis } });
await health.start();
const handler = createHealthHandler(health);
listenOnFreePort((request, response) => {
  if (!handler(request, response)) orders(request, response);
});
