/** @godaddy/terminus on `node:http`. */
import { createServer } from 'node:http';
import { printFootprint } from './footprint.js';

await printFootprint({
  host: () => Promise.resolve(createServer()),
  load: () => import('@godaddy/terminus'),
  use: ({ createTerminus }, server) =>
    createTerminus(server, { healthChecks: { '/health': () => Promise.resolve() } }) ?? server,
});
