/**
 * An nginx that keeps answers, and serves the kept ones when its origin fails (`proxy_cache_use_stale`), before the endpoints: it must
 * not go on saying *healthy* (E-16).
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHealth } from 'portal-health';
import { startNginx } from 'portal-test-kit';

test('no endpoint is kept: the 503 of the origin comes through, whoever asked before', async () => {
  let isBroken = false;
  const health = createHealth({
    checks: { queue: { check: () => !isBroken, critical: true, intervalMs: 50, idleIntervalMs: 50 } },
    ready: 'critical',
  });
  const origin = await health.listen({ port: 0, host: '127.0.0.1' });
  const nginx = await startNginx({
    blocks: (port) => `
proxy_cache_path cache keys_zone=answers:1m;
server {
  listen 127.0.0.1:${port};
  add_header X-Cache $upstream_cache_status always;
  location / {
    proxy_pass ${origin.url};
    proxy_cache answers;
    proxy_cache_use_stale error timeout updating http_500 http_502 http_503 http_504;
  }
  # What shows that this one does keep: the same answers, were they to say nothing about it.
  location /kept/ {
    proxy_pass ${origin.url}/;
    proxy_cache answers;
    proxy_cache_key kept$uri;
    proxy_cache_valid 200 1h;
    proxy_ignore_headers Cache-Control Vary;
    proxy_cache_use_stale error timeout updating http_500 http_502 http_503 http_504;
  }
}`,
  });
  const ask = async (path: string, accept = '*/*'): Promise<[number, string | null]> => {
    const response = await fetch(`http://127.0.0.1:${nginx.port}${path}`, { headers: { accept } });
    await response.arrayBuffer();
    return [response.status, response.headers.get('x-cache')];
  };
  try {
    await health.start();
    const asked: [string, string?][] = [
      ['/health'],
      ['/health', 'application/health+json'],
      ['/readyz'],
      ['/metrics'],
    ];
    for (const [path, accept] of asked) {
      for (let time = 0; time < 2; time += 1) {
        assert.deepEqual(await ask(path, accept), [200, 'MISS'], `${path}, asked again: not kept`);
      }
    }
    await ask('/kept/health');
    assert.equal((await ask('/kept/health'))[0], 200);
    isBroken = true;
    const deadlineMs = performance.now() + 30_000;
    while (health.ready() && performance.now() < deadlineMs)
      await new Promise((resolve) => setTimeout(resolve, 20));
    for (let time = 0; time < 6; time += 1) {
      assert.equal((await ask('/health'))[0], 503);
      assert.equal((await ask('/health', 'application/health+json'))[0], 503);
      assert.equal((await ask('/readyz'))[0], 503);
    }
    assert.equal((await ask('/kept/health'))[0], 200, 'a cache that is told to, keeps: the test can fail');
  } finally {
    await nginx.close();
    await health.close();
  }
});
