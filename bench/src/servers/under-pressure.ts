/** @fastify/under-pressure, which queries both stores as its documentation shows. */
import underPressure from '@fastify/under-pressure';
import { fastify } from 'fastify';
import type { AddressInfo } from 'node:net';
import { report, stores } from './contender.js';

const { pool, redis } = stores();
const app = fastify();
await app.register(underPressure, {
  exposeStatusRoute: '/health',
  healthCheck: async () => {
    await pool.query('SELECT 1');
    await redis.ping();
    return true;
  },
});
await app.listen({ port: 0, host: '127.0.0.1' });
report((app.server.address() as AddressInfo).port);
