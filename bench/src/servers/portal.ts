/** portal-health in front of a `node:http` server, with its defaults. */
import { createHealth } from 'portal-health';
import { createHealthHandler } from 'portal-health/node';
import { listenOnFreePort, stores } from './contender.js';

const { pool, redis } = stores();
const health = createHealth({ database: { pool }, cache: { client: redis } });
await health.start();
const handler = createHealthHandler(health);
listenOnFreePort((request, response) => {
  if (!handler(request, response)) response.writeHead(404).end();
});
