/** @fastify/under-pressure in Fastify. */
import { fastify } from 'fastify';
import { printFootprint } from './footprint.js';

await printFootprint({
  host: async () => {
    await fastify().ready();
    return fastify();
  },
  load: () => import('@fastify/under-pressure'),
  async use({ default: underPressure }, app) {
    await app.register(underPressure, { exposeStatusRoute: '/health' });
    await app.ready();
    return app;
  },
});
