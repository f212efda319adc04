/** portal-health: a thread, as in the running service, which hashes the whole tree for each message. */
import { once } from 'node:events';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { hashOf } from './engine.js';
import { serveHasher } from './hasher.js';

if (isMainThread) {
  await serveHasher(async () => {
    const thread = new Worker(new URL(import.meta.url), { resourceLimits: { maxYoungGenerationSizeMb: 4 } });
    await once(thread, 'message');
    return async (root) => {
      thread.postMessage(root, []);
      const [hash]: string[] = await once(thread, 'message');
      return hash ?? '';
    };
  });
} else {
  parentPort?.on('message', (root: string) => {
    parentPort?.postMessage(hashOf(root), []);
  });
  parentPort?.postMessage('ready', []);
}
