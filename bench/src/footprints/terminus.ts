/** @godaddy/terminus on `node:http`. */
import { createServer } from 'node:http';
import { sendFootprint } from './footprint.js';

await sendFootprint({
  host: () => Promise.resolve(createServer()),
  load: () => import('@godaddy/terminus'),
  use: ({ createTerminus }, server) =>
    createTerminus(server, { healthChecks: { '/health': () => Promise.resolve() } }) ?? server,
});
