/** What an adapter answers: the documents in their formats, and who may see what. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PREFIXES, VIEWERS, type Subject } from './subject.js';

const KEYS = ['status', 'database', 'cache', 'started_at', 'db_statistics', 'cache_statistics', 'errors'];
const ADMIN_KEYS = KEYS.toSpliced(-1, 0, 'source_hash');

export function testResponses(subject: Subject): void {
  const { request: ask } = subject;

  test('before the first look: alive, not ready, unhealthy rather than guessed', async () => {
    // What has a life cycle of its own has looked already.
    if (!subject.root.started()) {
      assert.equal((await ask('/livez')).status, 200);
      assert.equal((await ask('/readyz')).status, 503);
      assert.equal((await ask('/startupz')).status, 503);
      const { status, body } = await ask('/health');
      assert.equal(status, 503);
      assert.deepEqual(JSON.parse(body).errors, ['queue: A check has no fresh result (CHECK_STALE)']);
    }
    await Promise.all([subject.root.start(), subject.internal.start()]);
    assert.equal((await ask('/readyz')).status, 200);
    assert.equal((await ask('/startupz')).status, 200);
  });

  test('the report: each health its own, keys in their order, with its headers', async () => {
    const [atRoot, within] = [await ask('/health'), await ask('/internal/health')];
    assert.deepEqual(Object.keys(JSON.parse(atRoot.body)), KEYS);
    assert.deepEqual(Object.keys(JSON.parse(within.body)), KEYS);
    assert.deepEqual(JSON.parse(atRoot.body), subject.root.report('public'));
    assert.deepEqual(JSON.parse(within.body), subject.internal.report('public'));
    for (const { status, headers, body } of [atRoot, within]) {
      assert.equal(status, 200);
      assert.equal(headers['content-type'], 'application/json');
      assert.equal(headers['content-length'], String(Buffer.byteLength(body)));
    }
    assert.equal(atRoot.headers['cache-control'], 'no-store');
    assert.equal(within.headers['cache-control'], 'private, no-store', 'it matters who asks');
    assert.match(String(atRoot.headers.vary), /\bAccept\b/);
  });

  test('Accept chooses the format', async () => {
    for (const [door, accept, type] of [
      ['/health', 'application/health+json', 'application/health+json'],
      ['/health', 'application/json;q=0.2, application/health+json;q=0.9', 'application/health+json'],
      ['/health', 'text/html, */*;q=0.1', 'application/json'],
      ['/health', 'image/png', 'application/json'],
      [
        '/metrics',
        'application/openmetrics-text',
        'application/openmetrics-text; version=1.0.0; charset=utf-8',
      ],
      ['/metrics', '*/*', 'text/plain; version=0.0.4; charset=utf-8'],
      ['/livez', 'application/json', 'text/plain; charset=utf-8'],
    ] as const) {
      for (const prefix of PREFIXES) {
        const { status, headers } = await ask(`${prefix}${door}`, 'GET', { accept });
        assert.equal(status, 200);
        assert.equal(headers['content-type'], type, `${door} as ${accept}`);
      }
    }
  });

  test('?verbose names each check and its codes, and nothing more', async () => {
    assert.equal((await ask('/readyz?verbose')).body, 'queue up\nok\n');
    assert.equal((await ask('/livez?verbose=0')).body, 'ok\n');
    assert.equal(
      (await ask('/internal/readyz?verbose')).body,
      'cache down CACHE_NOT_CONFIGURED\nmail up\nok\n',
    );
  });

  test('whoever the viewer says is an administrator is one, and nobody else', async () => {
    for (const who of [...Object.keys(VIEWERS), 'nobody']) {
      const admin = who === 'admin' || who === 'admin, later';
      const { status, headers, body } = await ask('/internal/health', 'GET', { 'x-viewer': who });
      assert.equal(status, 200, who);
      assert.equal(headers['cache-control'], 'private, no-store', who);
      assert.deepEqual(Object.keys(JSON.parse(body)), admin ? ADMIN_KEYS : KEYS, who);
      const accept = 'application/health+json';
      const checks = (await ask('/internal/health', 'GET', { 'x-viewer': who, accept })).body;
      assert.equal(checks.includes('"output"'), admin, who);
    }
    const atRoot = await ask('/health', 'GET', { 'x-viewer': 'admin' });
    assert.deepEqual(Object.keys(JSON.parse(atRoot.body)), KEYS, 'no viewer, no administrator');
  });
}
