/**
 * As many applications with portal-health as `INSTANCES` says, each with a pool, a client and a health of its own, in one
 * process: `/3/health` is that of the fourth. `IDLE_INTERVAL_MS` replaces the default interval without requests,
 * `EXPLAIN` turns reasons on, and with `TROUBLE` each pool has one connection, which is held while a caller waits for it.
 */
import { createHealth } from 'portal-health';
import { createHealthHandler } from 'portal-health/node';
import { listenOnFreePort, stores } from './contender.js';

const { INSTANCES = '1', IDLE_INTERVAL_MS, EXPLAIN, TROUBLE } = process.env;
const interval = IDLE_INTERVAL_MS === undefined ? {} : { idleIntervalMs: Number(IDLE_INTERVAL_MS) };

const handlers = await Promise.all(
  Array.from({ length: Number(INSTANCES) }, async () => {
    const { pool, redis } = stores();
    const explain = EXPLAIN !== undefined;
    if (TROUBLE !== undefined) {
      pool.options.max = 1;
      await pool.connect();
      void pool.connect();
    }
    const health = createHealth({
      database: { pool, ...interval, explain: explain && { hourly: true } },
      cache: { client: redis, ...interval, explain },
    });
    await health.start();
    return createHealthHandler(health);
  }),
);
listenOnFreePort((request, response) => {
  const [, instance, path] = /^\/(\d+)(\/.*)$/.exec(request.url ?? '') ?? [];
  request.url = path ?? '/';
  if (!handlers[Number(instance)]?.(request, response)) response.writeHead(404).end();
});
