/**
 * A server that does nothing: how long its answers take is what the machine takes, busy as it may be with the work of
 * others. A row that was slow while this was slow too says nothing about us, and is run again.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const server = createServer((_request, response) => response.end('{}'));
server.keepAliveTimeout = 600_000;
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`listening http://127.0.0.1:${port}\n`);
});
