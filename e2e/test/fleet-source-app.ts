/**
 * One instance of a service, as a program of its own: it watches the source that it was deployed with, shows the signed statement to
 * whoever has the token, and keeps when it was polled.
 *
 *   node fleet-source-app.js ROOT STATEMENT PUBLIC_KEY PORT TOKEN_SHA256
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bearerToken, createHealth } from 'portal-health';
import { createHealthHandler } from 'portal-health/node';
import { watchSource } from 'portal-integrity';

// It ends with whoever started it.
process.on('disconnect', () => process.exit(1));
process.channel?.unref();
const [root = '', statement = '', publicKey = '', port = '0', digest = ''] = process.argv.slice(2);
const source = watchSource({
  root,
  statement: { file: statement, keys: [readFileSync(publicKey, 'utf8')] },
});
const health = createHealth({ source });
await health.start();
const handle = createHealthHandler(health, { viewer: bearerToken({ sha256: [digest] }) });
const polledAt: number[] = [];
const server = createServer((request, response) => {
  if (request.url === '/polls') {
    response.end(JSON.stringify(polledAt));
    return;
  }
  if (request.url === '/health') polledAt.push(Date.now());
  handle(request, response);
});
server.listen(Number(port), '127.0.0.1', () => {
  process.stdout.write(`listening  http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
