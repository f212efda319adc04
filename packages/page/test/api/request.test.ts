import assert from 'node:assert/strict';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { getJson, postJson } from '../../src/api/request.js';

type Answer = readonly [status: number, body: string, headers?: Record<string, string>];

/** What is answered, one after the other; the last again and again. */
let answers: Answer[] = [];
let asked = 0;
const { fetch } = globalThis;
const server = createServer((_request, response: ServerResponse) => {
  const [status, body, headers] = answers[Math.min(asked, answers.length - 1)] ?? [500, ''];
  asked += 1;
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

function answer(...all: Answer[]): void {
  answers = all;
  asked = 0;
}

const LATE: Answer = [503, '{"error":"Temporarily unavailable"}', { 'Retry-After': '0' }];

test('that nobody can say now who asks is waited out', async () => {
  answer(LATE, LATE, [200, '{"id":1}']);
  assert.deepEqual(await getJson('/v1/users/me'), {
    status: 200,
    body: { id: 1 },
    error: null,
    againMs: null,
  });
  assert.equal(asked, 3);
});

test('a report of an unhealthy service is a report, at once', async () => {
  answer([503, '{"status":"unhealthy","errors":[]}']);
  const { status, body } = await getJson('/v1/admin/health');
  assert.deepEqual([status, body, asked], [503, { status: 'unhealthy', errors: [] }, 1]);
});

test('what takes longer is told, with when to come again; and nothing is done twice', async () => {
  answer([503, '{"error":"Temporarily unavailable"}', { 'Retry-After': '60' }]);
  const { status, error, againMs } = await getJson('/v1/users/me');
  assert.deepEqual([status, error, againMs, asked], [503, 'Temporarily unavailable', 60_000, 1]);
  answer(LATE);
  assert.equal((await postJson('/v1/authentication/logout')).status, 503);
  assert.equal(asked, 1);
});

test('whoever has gone does not wait', async () => {
  answer(LATE);
  const gone = new AbortController();
  const asking = getJson('/v1/users/me', gone.signal);
  gone.abort();
  assert.equal((await asking).body, null);
});
