// Prisma with its adapter for `pg`: the pool is made first and given to both. Without an adapter Prisma tells nobody of its
// connections; then it is a check of your own: `checks: { prisma: () => prisma.$queryRaw`SELECT 1` }`.
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { createHealth } from 'portal-health';
import { PrismaClient } from './generated/prisma/client.js';

const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'] });
pool.on('error', (error) => console.error('database:', error.message));
const prisma = new PrismaClient({ adapter: new PrismaPg(pool) });

const health = createHealth({ database: { pool } });
const { url } = await health.listen({ port: Number(process.env['PORT'] ?? 9090), host: '127.0.0.1' });
console.log(`Health on ${url}/health`);

setInterval(() => prisma.$queryRaw`SELECT 1`.catch(console.error), 1_000);
