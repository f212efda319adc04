/** How an adapter behaves among others, and through failure and shutdown. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitFor } from 'portal-test-kit';
import { VIEWER_DEADLINE_MS, type Subject } from './subject.js';

export function testBehaviour(subject: Subject): void {
  const { request: ask, framework, sendAndDisconnect: sayAndGo } = subject;

  test('a client that goes away half-way, or while its viewer is asked, harms nobody', async () => {
    for (const half of [
      'GET /internal/health HTTP/1.1\r\nHost: x\r\nx-viewer: hangs\r\n\r\n',
      'GET /health HTTP/1.1\r\nHo',
      'POST /internal/health HTTP/1.1\r\nHost: x\r\nx-viewer: hangs\r\nContent-Length: 1000\r\n\r\n{"a":',
    ]) {
      await sayAndGo(half);
    }
    await new Promise((resolve) => setTimeout(resolve, VIEWER_DEADLINE_MS + 50));
    assert.equal((await ask('/internal/health')).status, 200);
  });

  if (framework.compression) {
    test('compression finds the answers fit to be compressed', async () => {
      const gzip = await ask('/internal/metrics', 'GET', { 'accept-encoding': 'gzip' });
      assert.equal(gzip.headers['content-encoding'], 'gzip');
      assert.equal(gzip.body, (await ask('/internal/metrics')).body);
      const vary = String(gzip.headers.vary);
      assert.match(vary, /\bAccept-Encoding\b/i, 'no cache hands it to a client that cannot read it');
      assert.match(vary, /\bAccept\b(?!-)/, 'what we say of caches stands beside what others say');
    });
  }

  if (framework.helmet) {
    test('headers that the application adds to everything are on our answers as well', async () => {
      for (const path of ['/health', '/internal/livez']) {
        assert.equal((await ask(path)).headers['x-content-type-options'], 'nosniff', path);
      }
    });
  }

  test('a critical failure makes it unhealthy, never unready or dead; recovery is seen', async () => {
    const report = async (): Promise<number | undefined> => (await ask('/health')).status;
    subject.breakQueue(true);
    await waitFor('it to be unhealthy', async () => (await report()) === 503);
    const { status, body } = await ask('/health');
    assert.deepEqual([status, JSON.parse(body).status], [503, 'unhealthy']);
    assert.equal((await ask('/readyz?verbose')).body, 'queue down CHECK_FAILED\nok\n');
    assert.equal((await ask('/livez')).status, 200);
    assert.equal((await ask('/startupz')).status, 200, 'started once is started');
    assert.equal((await ask('/metrics')).status, 200);
    assert.equal((await ask('/internal/readyz')).status, 200, 'the other health is another health');
    subject.breakQueue(false);
    await waitFor('it to be healthy again', async () => (await report()) === 200);
  });

  test('draining: readiness says no, liveness and the report go on', async () => {
    subject.root.drain();
    const statuses = ['/readyz', '/livez', '/health', '/internal/readyz'].map((path) => ask(path));
    assert.deepEqual(
      (await Promise.all(statuses)).map(({ status }) => status),
      [503, 200, 200, 200],
    );
  });
}
