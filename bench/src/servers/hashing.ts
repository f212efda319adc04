/** portal-health on its own; if `HASH_ROOT` is set, a thread of the same process hashes that folder over and over. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { createHealth } from 'portal-health';
import { createHealthHandler } from 'portal-health/node';
import { listenOnFreePort } from './contender.js';

const root = process.env['HASH_ROOT'] ?? '';
if (root !== '') {
  const thread = new Worker(new URL('../hashers/looping-thread.js', import.meta.url), { workerData: root });
  await once(thread, 'message');
  thread.unref();
}
const health = createHealth({});
await health.start();
const handler = createHealthHandler(health);
listenOnFreePort((request, response) => {
  if (!handler(request, response)) response.writeHead(404).end();
});
