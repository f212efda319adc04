import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { describe, test } from 'node:test';
import { waitFor } from 'portal-test-kit';
import { diskCheck, httpCheck, queueCheck, type Check, type QueueLike } from '../src/checks.js';
import { createHealth } from '../src/health.js';

/** The code it fails with; `undefined` when it does not. */
async function failure(check: Check, signal = new AbortController().signal): Promise<unknown> {
  try {
    await check(signal);
    return undefined;
  } catch (error) {
    return (error as { code?: unknown }).code ?? (error as Error).name;
  }
}

describe('HTTP', () => {
  test('any 2xx, or the status that is wanted; a redirection is an answer and not followed', async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url} ${String(request.headers['x-key'])}`);
      response.writeHead(Number(request.url?.slice(1)), { Location: '/200' }).end('x'.repeat(100_000));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      for (const [path, options, code] of [
        ['/200', {}, undefined],
        ['/204', {}, undefined],
        ['/301', {}, 'HTTP_301'],
        ['/500', {}, 'HTTP_500'],
        ['/401', { status: [200, 401] }, undefined],
        ['/200', { status: 204 }, 'HTTP_200'],
      ] as const) {
        assert.equal(await failure(httpCheck(`${at}${path}`, options)), code, path);
      }
      await httpCheck(`${at}/200`, { headers: { 'X-Key': 'k' } })(new AbortController().signal);
      assert.equal(asked.at(-1), 'GET /200 k');
      assert.equal(asked.length, 7, 'no redirection was followed');
    } finally {
      server.closeAllConnections();
      server.close();
    }
    assert.equal(await failure(httpCheck(at)), 'TypeError', 'nobody listens');
  });

  test('a server that never answers is left at the deadline, and asked again in the next run', async () => {
    let open = 0;
    let asked = 0;
    const server = createServer((request) => {
      asked += 1;
      open += 1;
      request.socket.once('close', () => (open -= 1));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const check = httpCheck(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const health = createHealth({
      checks: { silent: { check, deadlineMs: 50, intervalMs: 20, idleIntervalMs: 20 } },
    });
    try {
      await health.start();
      await waitFor('four questions', () => asked >= 4);
      assert.ok(open <= 2, `${open} open at once`);
      assert.equal(health.state('silent'), 'down');
    } finally {
      await health.close();
      server.closeAllConnections();
      server.close();
    }
  });
});

test('a queue: how much waits, and how much has failed', async () => {
  const counts = { waiting: 5, prioritized: 2, paused: 1, failed: 3 };
  const queue: QueueLike = { getJobCounts: async () => counts };
  assert.equal(await failure(queueCheck(queue, { mostWaiting: 8, mostFailed: 3 })), undefined);
  assert.equal(await failure(queueCheck(queue, { mostWaiting: 7 })), 'QUEUE_WAITING');
  assert.equal(await failure(queueCheck(queue, { mostFailed: 2 })), 'QUEUE_FAILED');
  const none: QueueLike = { getJobCounts: async () => ({}) };
  assert.equal(await failure(queueCheck(none, { mostWaiting: 0, mostFailed: 0 })), undefined);
});

test('a disk: the bytes and the share that are free', async () => {
  const { bavail, bsize } = await statfs(tmpdir());
  const freeBytes = bavail * bsize;
  assert.equal(await failure(diskCheck(tmpdir(), { leastFreeBytes: 1, leastFreePercent: 0 })), undefined);
  assert.equal(await failure(diskCheck(tmpdir(), { leastFreeBytes: freeBytes * 2 + 1 })), 'DISK_SPACE');
  assert.equal(await failure(diskCheck(tmpdir(), { leastFreePercent: 100 })), 'DISK_SPACE');
  assert.equal(await failure(diskCheck('/not/there', { leastFreeBytes: 1 })), 'ENOENT');
});

test('options that cannot be used are named, and no URL is quoted', () => {
  const queue: QueueLike = { getJobCounts: async () => ({}) };
  const bad: readonly (readonly [() => unknown, string])[] = [
    [
      () => httpCheck('/health'),
      'Expected the `url` option to be an absolute URL of http: or https:, got "string".',
    ],
    [() => httpCheck('ftp://u:secret@host/'), 'got "ftp:".'],
    [() => httpCheck('http://a', { status: 99 }), 'Expected the `status` option'],
    [
      () => queueCheck({} as QueueLike, { mostWaiting: 1 }),
      'Expected the `queue` option to be a Queue of BullMQ',
    ],
    [() => queueCheck(queue, {}), 'Expected the `mostWaiting` option or `mostFailed` to be given'],
    [() => queueCheck(queue, { mostFailed: -1 }), 'Expected the `mostFailed` option to be a number from 0'],
    [() => diskCheck('', { leastFreeBytes: 1 }), 'Expected the `path` option to be a path, got "".'],
    [
      () => diskCheck('/', { leastFree: 1 } as object),
      'Expected the `leastFree` option to be one of leastFreeBytes',
    ],
    [() => diskCheck('/', {}), 'Expected the `leastFreeBytes` option or `leastFreePercent` to be given'],
    [() => diskCheck('/', { leastFreePercent: 101 }), 'to be a number from 0 to 100, got 101.'],
  ];
  for (const [make, sentence] of bad) {
    assert.throws(make, (error) => error instanceof TypeError && error.message.includes(sentence), sentence);
  }
});
