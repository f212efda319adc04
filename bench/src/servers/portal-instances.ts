/**
 * As many applications with portal-health as `INSTANCES` says, each with a pool, a client and a health of its own, in one
 * process: `/3/health` is that of the fourth. `IDLE_INTERVAL_MS` replaces the default interval without requests.
 */
import { createHealth } from 'portal-health';
import { createHealthHandler } from 'portal-health/node';
import { listenOnFreePort, stores } from './contender.js';

const { INSTANCES = '1', IDLE_INTERVAL_MS } = process.env;
const interval = IDLE_INTERVAL_MS === undefined ? {} : { idleIntervalMs: Number(IDLE_INTERVAL_MS) };

const handlers = await Promise.all(
  Array.from({ length: Number(INSTANCES) }, async () => {
    const { pool, redis } = stores();
    const health = createHealth({ database: { pool, ...interval }, cache: { client: redis, ...interval } });
    await health.start();
    return createHealthHandler(health);
  }),
);
listenOnFreePort((request, response) => {
  const [, instance, path] = /^\/(\d+)(\/.*)$/.exec(request.url ?? '') ?? [];
  request.url = path ?? '/';
  if (!handlers[Number(instance)]?.(request, response)) response.writeHead(404).end();
});
