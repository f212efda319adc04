/** Behind a reverse proxy that serves the application below `/app`, and takes that off the path or leaves it there. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createHealthHandler } from '../../src/adapters/node.js';
import { createHealth } from '../../src/index.js';
import { describeAdapter } from './conformance.js';
import { requestHttp1, type SendRequest } from './exchange.js';
import type { RunningApp, Mount } from './subject.js';

const PREFIX = '/app';

async function listen(listener: RequestListener): Promise<{ server: Server; port: number }> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

/** Passes everything on to `port`, and nothing but the path is ever touched. */
function proxyTo(port: number, strips: boolean): RequestListener {
  return (incoming, outgoing) => {
    const path = strips ? incoming.url?.replace(PREFIX, '') : incoming.url;
    const { method, headers } = incoming;
    const onward = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    outgoing.on('close', () => onward.destroy());
    incoming.pipe(onward);
  };
}

async function start(mounts: readonly Mount[], strips: boolean): Promise<RunningApp> {
  const doors = mounts.map(({ health, prefix, viewer, options: told }) =>
    createHealthHandler(health, {
      prefix: strips ? prefix : PREFIX + prefix,
      ...told,
      ...(viewer && { viewer: (incoming) => viewer(incoming.headers['x-viewer']) }),
    }),
  );
  const app = await listen((incoming, outgoing) => {
    if (!doors.some((door) => door(incoming, outgoing))) outgoing.writeHead(401).end('guarded');
  });
  const proxy = await listen(proxyTo(app.port, strips));
  return {
    port: proxy.port,
    async close() {
      for (const { server } of [proxy, app]) await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What a client asks for: the path of the application below that of the proxy, of a whole URL as well. */
const sendRequest: SendRequest = (port, path, ...rest) =>
  requestHttp1(
    port,
    path.replace(/^(?:[a-z]+:\/\/[^/]+)?/i, (origin) => origin + PREFIX),
    ...rest,
  );

for (const [name, strips] of [
  ['a proxy that takes the prefix off', true],
  ['a proxy that leaves the prefix', false],
] as const) {
  describeAdapter({
    name,
    helmet: false,
    compression: false,
    request: sendRequest,
    start: (mounts) => start(mounts, strips),
  });
}

test('a prefix that nobody takes off, and the doors are not told of, leads to no door', async () => {
  const health = createHealth({});
  const door = createHealthHandler(health);
  const app = await listen((incoming, outgoing) => {
    if (!door(incoming, outgoing)) outgoing.writeHead(404).end();
  });
  const proxy = await listen(proxyTo(app.port, false));
  assert.equal((await requestHttp1(proxy.port, '/app/livez')).status, 404);
  assert.equal((await requestHttp1(proxy.port, '/livez')).status, 200);
  for (const { server } of [proxy, app]) await new Promise((resolve) => server.close(resolve));
});
