/** portal-health before `node:http`, as it is published: unpacked in the folder that is the argument. */
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';
import type * as Library from 'portal-health';
import type * as Adapter from 'portal-health/node';
import { sendFootprint } from './footprint.js';

const published = pathToFileURL(`${process.argv[2]}/dist/src/`);

async function load(): Promise<typeof Library & typeof Adapter> {
  return {
    ...(await import(new URL('index.mjs', published).href)),
    ...(await import(new URL('adapters/node.mjs', published).href)),
  };
}

await sendFootprint({
  host: () => Promise.resolve(createServer()),
  load,
  async use({ createHealth, createHealthHandler }, server) {
    const health = createHealth({ checks: { queue: () => true } });
    await health.start();
    const handler = createHealthHandler(health);
    server.on('request', (request, response) => void handler(request, response));
    return health;
  },
});
