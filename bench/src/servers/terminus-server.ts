/** @godaddy/terminus asking both stores, as its own documentation shows, with a pool and a client of its own. */
import { createTerminus } from '@godaddy/terminus';
import { createServer, type Server } from 'node:http';
import { stores } from './contender.js';

/** Listens to nothing yet. */
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
