// TypeORM: its own pool, which there is once it has been initialized. In Nest: `useFactory: (dataSource: DataSource) => …`
// with `inject: [DataSource]`.
import type { Pool } from 'pg';
import { createHealth } from 'portal-health';
import { DataSource } from 'typeorm';

const dataSource = new DataSource({ type: 'postgres', url: process.env['DATABASE_URL'] ?? '' });

// The types of TypeORM do not tell of it. With `replication` it is the pool of the primary.
const pool = (): Pool | undefined => Reflect.get(dataSource.driver, 'master') as Pool | undefined;

const health = createHealth({ database: { pool } });
const { url } = await health.listen({ port: Number(process.env['PORT'] ?? 9090), host: '127.0.0.1' });
console.log(`Health on ${url}/health`);

await dataSource.initialize();
setInterval(() => void dataSource.query('SELECT 1').catch(console.error), 1_000);
