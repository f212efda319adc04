/** @fastify/under-pressure in Fastify. */
import { fastify } from 'fastify';
import { sendFootprint } from './footprint.js';

await sendFootprint({
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
