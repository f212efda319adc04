// Fastify: administrators send a token and see more; other clients see the public report.
import { once } from 'node:events';
import fastify from 'fastify';
import { Redis } from 'ioredis';
import pg from 'pg';
import { bearerToken, createHealth } from 'portal-health';
import { healthPlugin } from 'portal-health/fastify';
import { watchSource } from 'portal-integrity';

const app = fastify({ logger: { level: 'warn' } });
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });
const redis = new Redis(process.env.REDIS_URL);
for (const store of [pool, redis]) store.on('error', (error) => app.log.warn({ code: error.code }, 'store'));

const health = createHealth({
  database: { pool },
  cache: { client: redis },
  source: watchSource({ root: import.meta.dirname }),
  onFailure: ({ name, problems, cause }) => app.log.warn({ name, problems, code: cause?.code }, 'health'),
});
await health.start();

await app.register(healthPlugin, {
  health,
  // printf %s TOKEN | sha256sum
  ...(process.env.TOKEN_SHA256 && { viewer: bearerToken({ sha256: [process.env.TOKEN_SHA256] }) }),
});
app.addHook('onRequest', async (request, reply) =>
  request.headers.authorization ? undefined : reply.code(401).send({ error: 'Sign in first' }),
);
app.get('/', () => ({ hello: 'fastify' }));
app.addHook('preClose', () => health.drain());
app.addHook('onClose', () => Promise.all([health.close(), pool.end(), redis.quit()]));

console.log(
  `Listening on ${await app.listen({ port: Number(process.env.PORT ?? 8080), host: '127.0.0.1' })}`,
);
await once(process, 'SIGTERM');
await app.close();
