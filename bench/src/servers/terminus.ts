/** @godaddy/terminus asking both stores, as its own documentation shows. */
import { createTerminus } from '@godaddy/terminus';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { report, stores } from './contender.js';

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
server.listen(0, '127.0.0.1', () => report((server.address() as AddressInfo).port));
