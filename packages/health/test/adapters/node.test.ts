import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createHttp2Server, type Http2Server, type Http2ServerRequest } from 'node:http2';
import { connect, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import compression from 'compression';
import type { Request, Response } from 'express';
import helmet from 'helmet';
import { waitFor } from 'portal-test-kit';
import {
  createHealthHandler,
  type HealthHandler,
  type NodeRequest,
  type NodeResponse,
} from '../../src/adapters/node.js';
import { createHealth } from '../../src/index.js';
import { describeAdapter } from './conformance.js';
import { requestHttp1, requestHttp2 } from './exchange.js';
import type { RunningApp, Mount } from './subject.js';

type Listener = (request: NodeRequest, response: NodeResponse) => void;

function application(mounts: readonly Mount[]): Listener {
  const doors = mounts.map(({ health, prefix, viewer, options: told }) =>
    createHealthHandler<NodeRequest>(health, {
      prefix,
      ...told,
      ...(viewer && { viewer: (request) => viewer(request.headers['x-viewer']) }),
    }),
  );
  return (request, response) => {
    if (doors.some((door) => door(request, response))) return;
    response.statusCode = 401;
    response.end('guarded');
  };
}

async function listening(server: Server | Http2Server): Promise<RunningApp> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

/** Middleware in Connect's words, such as helmet, needs no framework. */
function behindMiddleware(listener: RequestListener): RequestListener {
  const [secure, compress] = [helmet(), compression({ threshold: 0 })];
  return (request, response) => {
    secure(request, response, () => {
      compress(request as Request, response as Response, () => listener(request, response));
    });
  };
}

describeAdapter({
  name: 'node:http',
  helmet: true,
  compression: true,
  start: (mounts) => listening(createServer(behindMiddleware(application(mounts) as RequestListener))),
});

describeAdapter({
  name: 'node:http2, by its compatibility API',
  helmet: false,
  compression: false,
  request: requestHttp2,
  rejects: /^[^/]/,
  start: (mounts) => listening(createHttp2Server(application(mounts))),
});

test('the doors are typed for both: a door of one is no door of the other', () => {
  const health = createHealth({});
  const door = createHealthHandler(health);
  const http2Handler = createHealthHandler<Http2ServerRequest>(health);
  createServer((request, response) => void door(request, response));
  createHttp2Server((request, response) => void http2Handler(request, response));
});

test('what has been answered by a timeout of the application is not answered again', async () => {
  const health = createHealth({});
  const door = createHealthHandler(health, {
    viewerDeadlineMs: 50,
    viewer: () => new Promise(() => undefined),
  });
  const app = await listening(
    createServer((request, response) => {
      door(request, response);
      response.writeHead(408).end('too late');
      setTimeout(() => undefined, 100);
    }),
  );
  assert.equal((await requestHttp1(app.port, '/health')).status, 408);
  // The viewer's deadline passes; an answer now would be an error nobody catches.
  await new Promise((resolve) => setTimeout(resolve, 100));
  await app.close();
});

test('OPTIONS * is the application’s', async () => {
  const door = createHealthHandler(createHealth({}));
  const app = await listening(
    createServer((request, response) => {
      if (!door(request, response)) response.writeHead(299).end();
    }),
  );
  assert.equal((await requestHttp1(app.port, '*', 'OPTIONS')).status, 299);
  assert.equal((await requestHttp1(app.port, '/health', 'TRACE')).status, 405);
  await app.close();
});

test('an endpoint can be moved, put below a prefix or closed, and an option that cannot be used is named', () => {
  const health = createHealth({});
  const bad: [unknown, string][] = [
    [
      { paths: { health: 'health' } },
      'Expected the `paths.health` option to begin with a slash, got "health".',
    ],
    [
      { paths: { heath: '/x' } },
      'Expected the `paths.heath` option to be one of health, metrics, reasons, statement, livez, readyz, startupz, got "heath".',
    ],
    [{ prefix: 'internal' }, 'Expected the `prefix` option to begin with a slash, got "internal".'],
    [{ viewer: 'admin' }, 'Expected the `viewer` option to be a function, got "admin".'],
    [
      { viewr: () => 'admin' },
      'Expected the `viewr` option to be one of paths, prefix, viewer, viewerDeadlineMs, onMethodNotAllowed, onPathTaken, got "viewr".',
    ],
    ...[0, 2 ** 31, '200'].map((viewerDeadlineMs): [unknown, string] => [
      { viewerDeadlineMs },
      `Expected the \`viewerDeadlineMs\` option to be a positive number of milliseconds up to 2147483647, got ${JSON.stringify(viewerDeadlineMs)}.`,
    ]),
    [null, 'Expected the options to be an object, got null.'],
  ];
  for (const [options, message] of bad) {
    assert.throws(() => createHealthHandler(health, options as never), { name: 'TypeError', message });
  }
  assert.throws(() => createHealthHandler({} as never), {
    name: 'TypeError',
    message: 'Expected the `health` option to be made by createHealth, got an object.',
  });
  const paths = { health: '/status/', livez: null };
  const takes = (door: HealthHandler, url: string): boolean => {
    const response = { getHeader: () => undefined, writeHead: () => response, end: () => response };
    return door({ url, method: 'GET', headers: {} } as IncomingMessage, response as never);
  };
  const moved = createHealthHandler(health, { paths });
  assert.deepEqual(
    ['/status', '/health', '/livez', '/readyz'].map((url) => takes(moved, url)),
    [true, false, false, true],
  );
  const below = createHealthHandler(health, { paths, prefix: '/a/b/' });
  assert.deepEqual(
    ['/a/b/status', '/a//b/readyz/', '/status', '/a/b', '/a/b/livez'].map((url) => takes(below, url)),
    [true, true, false, false, false],
  );
});

test('whoever asks on and on without reading is ended, and nothing is answered any more', async () => {
  const health = createHealth({});
  await health.start();
  const door = createHealthHandler(health);
  let [asked, written] = [0, 0];
  const server = createServer((request, response) => {
    asked += 1;
    response.on('finish', () => (written += 1));
    assert.ok(door(request, response));
  });
  const app = await listening(server);
  try {
    const pipelined = (count: number): string => 'GET /health HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(count);
    const patient = connect(app.port, '127.0.0.1');
    let text = '';
    patient.setEncoding('latin1').on('data', (piece: string) => (text += piece));
    // As many as may wait, again and again, and each time read.
    for (let round = 1; round <= 5; round += 1) {
      patient.write(pipelined(16));
      await waitFor('answers', () => text.split('HTTP/1.1 200 OK').length - 1 === 16 * round);
    }
    patient.destroy();
    [asked, written] = [0, 0];
    const greedy = connect(app.port, '127.0.0.1');
    greedy.on('error', () => undefined).resume();
    greedy.write(pipelined(200));
    await once(greedy, 'close');
    assert.equal(asked, 200);
    assert.ok(written <= 16, `${written} answers`);
  } finally {
    await app.close();
    await health.close();
  }
});
