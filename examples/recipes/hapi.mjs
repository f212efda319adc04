// Hapi, whose `onRequest` is before its routes and everything that guards them, and pg-promise, whose pool is one of `pg`.
import Hapi from '@hapi/hapi';
import pgPromise from 'pg-promise';
import { createHealth } from 'portal-health';
import { createHealthHandler, handleSignals } from 'portal-health/node';

const db = pgPromise()(process.env.DATABASE_URL ?? '');
const health = createHealth({ database: { pool: db.$pool } });
void health.start();
const handler = createHealthHandler(health);

const server = Hapi.server({ port: Number(process.env.PORT ?? 8080), host: '127.0.0.1' });
server.ext('onRequest', ({ raw }, h) => (handler(raw.req, raw.res) ? h.abandon : h.continue));
server.route({ method: 'GET', path: '/orders', handler: () => db.any('SELECT 1 AS id') });
await server.start();
handleSignals(server.listener, health, { graceMs: 5_000, onClose: () => db.$pool.end() });
console.log(`Health on ${server.info.uri}/health`);
