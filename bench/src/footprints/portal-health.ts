/** portal-health before `node:http`. */
import { createServer } from 'node:http';
import { tellFootprint } from './footprint.js';

await tellFootprint({
  host: () => Promise.resolve(createServer()),
  load: async () => ({ ...(await import('portal-health')), ...(await import('portal-health/node')) }),
  async use({ createHealth, createHealthDoor }, server) {
    const health = createHealth({ checks: { queue: () => true } });
    await health.start();
    const door = createHealthDoor(health);
    server.on('request', (request, response) => void door(request, response));
    return health;
  },
});
