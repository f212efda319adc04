/**
 * A small application that runs from a folder and answers the administrator's integrity door, as a process of its
 * own: `node watched-app.js FOLDER`. Its parent sends `load` for every file that is to be in memory, and then `start`.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { watchSource } from '../../src/source.js';

const root = process.argv[2] ?? '.';
const source = watchSource({ root, exclude: ['node_modules'], scanIntervalMs: 100 });

const server = createServer((request, response) => {
  if (request.headers.cookie !== 'psession=secret') {
    response.writeHead(request.headers.cookie === undefined ? 401 : 403).end();
    return;
  }
  const document =
    request.url === '/v1/admin/integrity'
      ? Promise.resolve(source.state())
      : request.url === '/v1/admin/integrity/loaded'
        ? source.inspect()
        : Promise.resolve(undefined);
  void document.then((value) => {
    if (value === undefined) response.writeHead(404).end();
    else response.setHeader('Content-Type', 'application/json').end(JSON.stringify(value));
  });
});

process.on('message', (message: { load?: string; start?: true }) => {
  void (async () => {
    if (message.load !== undefined) {
      await import(pathToFileURL(join(root, message.load)).href);
      process.send?.('loaded');
      return;
    }
    await source.start();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      process.send?.(`http://127.0.0.1:${port}`);
    });
  })();
});
process.on('disconnect', () => process.exit());
