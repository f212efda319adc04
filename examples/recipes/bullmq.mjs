// A worker of BullMQ without any HTTP of its own: its Redis, the length of its queue, and its health on a port.
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { createHealth } from 'portal-health';
import { queueCheck } from 'portal-health/checks';

// Handed to BullMQ, so that it is in reach. What BullMQ has made by itself is `await queue.client`.
const connection = new Redis(process.env.REDIS_URL, { maxRetriesPerRequest: null });
connection.on('error', (error) => console.error('redis:', error.message));
const queue = new Queue('mails', { connection });
const worker = new Worker('mails', async ({ data }) => console.log('sent', data), { connection });
queue.on('error', (error) => console.error('queue:', error.message));
worker.on('error', (error) => console.error('worker:', error.message));

const health = createHealth({
  // A worker is of no use without it.
  cache: { client: connection, critical: true },
  checks: { mails: queueCheck(queue, { mostWaiting: 1_000, mostFailed: 100 }) },
});
const { url } = await health.listen({ port: Number(process.env.PORT ?? 9090), host: '127.0.0.1' });
console.log(`Health on ${url}/health`);

await queue.add('welcome', { to: 'somebody' });
