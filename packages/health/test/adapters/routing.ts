/** Which requests an adapter takes for its own, by method and by spelling, and which it leaves to the application. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AdapterResponse } from './exchange.js';
import { PREFIXES, type Subject } from './subject.js';

const PROBES = ['/livez', '/readyz', '/startupz'] as const;

export function testRouting(subject: Subject): void {
  const { request: ask, framework, rejected: refused } = subject;

  test('HEAD has the status and headers of GET and no body', async () => {
    const paths = ['/health', ...PROBES, '/internal/health', '/internal/metrics', '/internal/livez?verbose'];
    for (const path of paths) {
      const [get, head] = [await ask(path), await ask(path, 'HEAD')];
      assert.equal(head.status, get.status, path);
      assert.equal(head.body, '', path);
      assert.ok(get.body.length > 0, path);
      assert.deepEqual(ownHeaders(head), ownHeaders(get), path);
    }
  });

  test('any other method is 405, says which are allowed, and has an id', async () => {
    for (const prefix of PREFIXES) {
      for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND']) {
        for (const door of ['/health', '/livez', '/readyz?verbose', '/metrics']) {
          const { status, headers, body } = await ask(`${prefix}${door}`, method);
          assert.equal(status, 405, `${method} ${prefix}${door}`);
          assert.equal(headers.allow, 'GET, HEAD');
          const { error, correlation_id: id } = JSON.parse(body) as Record<string, string>;
          assert.equal(error, 'Method not allowed');
          assert.equal(headers['x-correlation-id'], id);
          assert.match(String(id), /^[0-9a-f-]{36}$/);
          assert.equal(refused.at(-1), id, 'the application is told, once');
          assert.equal(new Set(refused).size, refused.length);
        }
      }
    }
  });

  test('a body changes nothing: it is refused with its method, and GET is answered', async () => {
    const json = { 'content-type': 'application/json' };
    for (const prefix of PREFIXES) {
      for (const door of ['/health', '/livez', '/metrics']) {
        for (const body of ['{"status":"healthy"}', JSON.stringify({ long: 'x'.repeat(90_000) })]) {
          const { status, headers } = await ask(`${prefix}${door}`, 'POST', json, body);
          assert.equal(status, 405, `${prefix}${door}`);
          assert.equal(headers['x-correlation-id'], refused.at(-1));
        }
        const [plain, odd] = [
          await ask(`${prefix}${door}`),
          await ask(`${prefix}${door}`, 'GET', json, '{}'),
        ];
        assert.equal(odd.status, 200, `${prefix}${door}`);
        assert.equal(odd.headers['content-type'], plain.headers['content-type']);
      }
    }
  });

  test('query strings, trailing and doubled slashes, and a whole URL change nothing', async () => {
    for (const [prefix, spellings] of [
      ['', ['//health', '//health//?x=/y//z', 'HTTP://example.org:80//health/?a=b']],
      ['/internal', ['/internal//health', '/internal//health//?x=/y//z']],
    ] as const) {
      const plain = await ask(`${prefix}/health`);
      for (const path of [
        ...spellings,
        ...['', '?', '?verbose', '?x=1#y', '/', '/?verbose', '#fragment'].map(
          (end) => `${prefix}/health${end}`,
        ),
        `http://example.org${prefix}/health`,
      ]) {
        const { status, body } = await ask(path);
        assert.equal(status, framework.rejects?.test(path) ? 400 : 200, path);
        if (status === 200) assert.equal(body, plain.body, path);
      }
    }
  });

  test('what is for no door is the application’s, whose guard rejects it', async () => {
    const paths =
      '/ /healthy /health/x /HEALTH /v1/admin/health /?/health /x?path=/health /health%2f /%68ealth ' +
      '/internal /internal/ /internal/healthy /internalhealth /internal/internal/health /health/internal';
    for (const path of paths.split(' ')) {
      const { status, body } = await ask(path);
      assert.equal(status, 401, path);
      assert.match(body, /guarded/, path);
    }
    assert.equal((await ask('/elsewhere', 'POST')).status, 401);
  });
}

/** The headers without what the transport adds of its own, and compression, which may leave HEAD alone. */
function ownHeaders({ headers }: AdapterResponse): AdapterResponse['headers'] {
  const { date: _date, connection: _connection, 'keep-alive': _keepAlive, vary, ...rest } = headers;
  return { ...rest, ...(vary && { vary: vary.replace(/,? ?Accept-Encoding/i, '') }) };
}
