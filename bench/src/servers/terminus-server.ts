/** @godaddy/terminus, which queries both stores as its documentation shows, with a pool and a client of its own. */
import { createTerminus } from '@godaddy/terminus';
import { createServer, type Server } from 'node:http';
import { stores } from './contender.js';

/** It does not listen yet. */
export function terminusServer(): Server {
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
}
