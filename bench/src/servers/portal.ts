/** portal-health in front of a `node:http` server, with its defaults. */
import { createHealth } from 'portal-health';
import { createHealthDoor } from 'portal-health/node';
import { listen, stores } from './contender.js';

const { pool, redis } = stores();
const health = createHealth({ database: { pool }, cache: { client: redis } });
await health.start();
const door = createHealthDoor(health);
listen((request, response) => {
  if (!door(request, response)) response.writeHead(404).end();
});
