/** As many applications with @godaddy/terminus as `INSTANCES` says, each with a pool and a client of its own: `/3/health` is that of the fourth. */
import { createTerminus } from '@godaddy/terminus';
import { createServer } from 'node:http';
import { listen, stores } from './contender.js';

const servers = Array.from({ length: Number(process.env['INSTANCES'] ?? '1') }, () => {
  const { pool, redis } = stores();
  const server = createServer((_request, response) => response.end());
  createTerminus(server, {
    healthChecks: {
      '/health': async () => {
        await pool.query('SELECT 1');
        await redis.ping();
      },
    },
  });
  return server;
});
listen((request, response) => {
  const [, instance, path] = /^\/(\d+)(\/.*)$/.exec(request.url ?? '') ?? [];
  request.url = path ?? '/';
  servers[Number(instance)]?.emit('request', request, response);
});
