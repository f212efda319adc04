// OpenTelemetry: figures by its meter, and no span for a run of a probe: 43,000 a day of one instance would be of no use.
const { metrics } = require('@opentelemetry/api');
const { IORedisInstrumentation } = require('@opentelemetry/instrumentation-ioredis');
const { PgInstrumentation } = require('@opentelemetry/instrumentation-pg');
const { NodeSDK } = require('@opentelemetry/sdk-node');

const sdk = new NodeSDK({ instrumentations: [new PgInstrumentation(), new IORedisInstrumentation()] });
sdk.start();

// After the start, as everything that is instrumented.
const { Redis } = require('ioredis');
const { Pool } = require('pg');
const { createHealth } = require('portal-health');
const { observeHealth } = require('portal-health/opentelemetry');

const pool = new Pool({ connectionString: process.env.DATABASE_URL });
const redis = new Redis(process.env.REDIS_URL);
for (const store of [pool, redis]) store.on('error', (error) => console.error(error.message));

const health = createHealth({ database: { pool }, cache: { client: redis } });
observeHealth(health, { meter: metrics.getMeter('my-app') });

health.listen({ port: Number(process.env.PORT ?? 9090), host: '127.0.0.1' }).then(({ url }) => {
  console.log(`Health on ${url}/health`);
  // The application's own queries make spans as before.
  setInterval(() => pool.query('SELECT 1').catch(console.error), 1_000);
}, console.error);
