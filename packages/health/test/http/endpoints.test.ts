/** What nearly every request asks is answered by the shortest way there is, and by no other answer than the long one gives. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHealth } from '../../src/health.js';
import { createEndpoints, type Endpoints } from '../../src/http/endpoints.js';
import type { HealthResponse } from '../../src/http/respond.js';
import { withHealth } from '../with-health.js';

function ask(
  endpoints: Endpoints<undefined>,
  target = '/health',
  { method = 'GET', accept }: { method?: string; accept?: string } = {},
): HealthResponse | undefined {
  const match = endpoints.match(method, target, accept);
  if (match === undefined) return undefined;
  const response = endpoints.respond(match, undefined);
  assert.ok(!(response instanceof Promise));
  return response;
}

test('one answer for every spelling of the path, and none for another path', async () => {
  await withHealth({}, async (health) => {
    const endpoints = createEndpoints<undefined>(health);
    const usual = ask(endpoints);
    for (const same of ['/health/', '//health', '/health?x=1', '/health#x', 'http://any.example/health//']) {
      assert.deepEqual(ask(endpoints, same), usual, same);
    }
    for (const other of ['/', '', '*', '/healthy', '/Health', '/health/x', '/x/health', 'health']) {
      assert.equal(ask(endpoints, other), undefined, other);
    }
    assert.deepEqual(ask(endpoints, '/health', { accept: '*/*' }), usual);
    assert.deepEqual(ask(endpoints, '/health', { method: 'HEAD' }), { ...usual, body: '' });
    assert.equal(ask(endpoints, '/health', { method: 'POST' })?.status, 405);
    const other = ask(endpoints, '/health', { accept: 'application/health+json' });
    assert.equal(other?.headers['Content-Type'], 'application/health+json');
    assert.equal(ask(endpoints), usual, 'the very same');
  });
});

test('a request that is answered from memory counts as one: whoever goes on asking keeps the faster pace', (context) => {
  let nowMs = 0;
  context.mock.method(performance, 'now', () => nowMs);
  const health = createHealth({});
  const endpoints = createEndpoints<undefined>(health);
  const first = ask(endpoints);
  nowMs = 0.5;
  assert.equal(ask(endpoints), first);
  nowMs = 5_000.4;
  assert.equal(health.isInUse(), true, 'five seconds after the second one, and not after the first');
  nowMs = 5_000.6;
  assert.equal(health.isInUse(), false);
});

test('what the source says counts at the next request, also within the same millisecond', (context) => {
  context.mock.method(performance, 'now', () => 1);
  let changed = (): void => undefined;
  let kinds: readonly 'drifted'[] = [];
  const health = createHealth({
    source: {
      hash: 'a'.repeat(64),
      start: () => Promise.resolve(),
      close: () => Promise.resolve(),
      problems: () => kinds.map((kind) => ({ kind, code: 'SOURCE_DRIFTED' })),
      onChange: (listener) => void (changed = listener),
    },
  });
  const endpoints = createEndpoints<undefined>(health);
  const usual = ask(endpoints);
  assert.equal(ask(endpoints), usual);
  kinds = ['drifted'];
  changed();
  assert.match(ask(endpoints)?.body ?? '', /SOURCE_DRIFTED/);
  kinds = [];
  changed();
  assert.deepEqual(ask(endpoints), usual);
});
