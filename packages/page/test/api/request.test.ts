import assert from 'node:assert/strict';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { getJson, postJson } from '../../src/api/request.js';

type CannedResponse = readonly [status: number, body: string, headers?: Record<string, string>];

/** Sent one after the other; the last one again and again. */
let answers: CannedResponse[] = [];
let requests = 0;
const { fetch } = globalThis;
const server = createServer((_request, response: ServerResponse) => {
  const [status, body, headers] = answers[Math.min(requests, answers.length - 1)] ?? [500, ''];
  requests += 1;
  response.writeHead(status, headers).end(body);
});

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  // A page knows where it came from; a process does not.
  globalThis.fetch = (input, init) =>
    fetch(typeof input === 'string' ? new URL(input, `http://127.0.0.1:${port}`) : input, init);
});

after(() => {
  globalThis.fetch = fetch;
  server.close();
  server.closeAllConnections();
});

function answer(...all: CannedResponse[]): void {
  answers = all;
  requests = 0;
}

const LATE: CannedResponse = [503, '{"error":"Temporarily unavailable"}', { 'Retry-After': '0' }];

test('a 503 that says when to retry is retried', async () => {
  answer(LATE, LATE, [200, '{"id":1}']);
  assert.deepEqual(await getJson('/v1/users/me'), {
    status: 200,
    body: { id: 1 },
    error: null,
    retryAfterMs: null,
  });
  assert.equal(requests, 3);
});

test('a report of an unhealthy service is a report, at once', async () => {
  answer([503, '{"status":"unhealthy","errors":[]}']);
  const { status, body } = await getJson('/v1/admin/health');
  assert.deepEqual([status, body, requests], [503, { status: 'unhealthy', errors: [] }, 1]);
});

test('a longer Retry-After is returned, and a POST is never sent twice', async () => {
  answer([503, '{"error":"Temporarily unavailable"}', { 'Retry-After': '60' }]);
  const { status, error, retryAfterMs } = await getJson('/v1/users/me');
  assert.deepEqual([status, error, retryAfterMs, requests], [503, 'Temporarily unavailable', 60_000, 1]);
  answer(LATE);
  assert.equal((await postJson('/v1/authentication/logout')).status, 503);
  assert.equal(requests, 1);
});

test('an aborted request is not retried', async () => {
  answer(LATE);
  const gone = new AbortController();
  const response = getJson('/v1/users/me', { signal: gone.signal });
  gone.abort();
  assert.equal((await response).body, null);
});
