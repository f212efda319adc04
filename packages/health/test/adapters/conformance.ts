/**
 * What every adapter must do, whatever framework it is for: asked over real connections of an application with two
 * healths, one at its root and one below `/internal`, the usual middleware, and a guard that rejects everything else.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { waitFor } from 'portal-test-kit';
import type { DoorOptions } from '../../src/doors.js';
import { createHealth, type Health } from '../../src/health.js';
import { askHttp1, type Ask, type Reply } from './exchange.js';

/** One set of doors to put into the application. */
export interface Mount {
  readonly health: Health;
  readonly prefix: '' | '/internal';
  /** Absent at the root. Given the header `x-viewer`, by which the framework's own request is told to be at hand. */
  readonly viewer?: (header: unknown) => unknown;
  /** What the doors are told besides. */
  readonly told: Pick<DoorOptions, 'viewerDeadlineMs' | 'onRefused'>;
}

export interface App {
  readonly port: number;
  close(): Promise<unknown>;
}

/** A framework, and how an application of it is made. */
export interface Framework {
  readonly name: string;
  /** Has the middleware behind which a real application would have ours: its headers are on our answers as well. */
  readonly helmet: boolean;
  readonly compression: boolean;
  /** Everything that is for no door must be answered with 401 and `guarded`, by a guard that comes after ours. */
  start(mounts: readonly Mount[]): Promise<App>;
  /** Spellings that the framework itself refuses with 400, before anybody is asked. */
  readonly refuses?: RegExp;
  /** Over something other than HTTP/1.1. */
  readonly ask?: Ask;
}

const VIEWER_DEADLINE_MS = 150;

const VIEWERS: Readonly<Record<string, () => unknown>> = {
  admin: () => 'admin',
  'admin, later': () => Promise.resolve('admin'),
  public: () => 'public',
  throws: () => {
    throw new Error('no session');
  },
  rejects: () => Promise.reject(new Error('no session')),
  hangs: () => new Promise(() => undefined),
  'answers rubbish': () => ({ admin: true, toString: () => 'admin' }),
};

const KEYS = ['status', 'database', 'cache', 'started_at', 'db_statistics', 'cache_statistics', 'errors'];
const ADMIN_KEYS = KEYS.toSpliced(-1, 0, 'source_hash');
const PREFIXES = ['', '/internal'] as const;
const PROBES = ['/livez', '/readyz', '/startupz'] as const;

export function describeAdapter(framework: Framework): void {
  describe(framework.name, () => {
    let broken = false;
    const refused: string[] = [];
    let root: Health;
    let internal: Health;
    let app: App;

    before(async () => {
      root = createHealth({
        checks: { queue: { check: () => !broken, critical: true, intervalMs: 200 } },
        startedAt: new Date('2026-03-01T00:00:00Z'),
      });
      // Looks once and never again, so that what it says stays the same to the byte.
      internal = createHealth({
        checks: { mail: { check: () => true, intervalMs: 3_600_000 } },
        cache: { client: null },
        startedAt: new Date('2026-04-01T00:00:00Z'),
      });
      app = await framework.start([
        { health: root, prefix: '', told: { onRefused: ({ correlationId }) => refused.push(correlationId) } },
        {
          health: internal,
          prefix: '/internal',
          viewer: (header) => VIEWERS[String(header)]?.(),
          told: {
            viewerDeadlineMs: VIEWER_DEADLINE_MS,
            onRefused: ({ correlationId }) => refused.push(correlationId),
          },
        },
      ]);
    });

    after(async () => {
      await app.close();
      await Promise.all([root.close(), internal.close()]);
    });

    function ask(path: string, method?: string, headers?: Record<string, string>): Promise<Reply> {
      return (framework.ask ?? askHttp1)(app.port, path, method, headers);
    }

    test('before the first look: alive, not ready, unhealthy rather than guessed', async () => {
      // What has a life cycle of its own has looked already.
      if (!root.started()) {
        assert.equal((await ask('/livez')).status, 200);
        assert.equal((await ask('/readyz')).status, 503);
        assert.equal((await ask('/startupz')).status, 503);
        const { status, body } = await ask('/health');
        assert.equal(status, 503);
        assert.deepEqual(JSON.parse(body).errors, ['A check has no fresh result (CHECK_STALE)']);
      }
      await Promise.all([root.start(), internal.start()]);
      assert.equal((await ask('/readyz')).status, 200);
      assert.equal((await ask('/startupz')).status, 200);
    });

    test('the report: each health its own, keys in their order, with its headers', async () => {
      const [atRoot, within] = [await ask('/health'), await ask('/internal/health')];
      assert.deepEqual(Object.keys(JSON.parse(atRoot.body)), KEYS);
      assert.deepEqual(Object.keys(JSON.parse(within.body)), KEYS);
      assert.deepEqual(JSON.parse(atRoot.body), root.report('public'));
      assert.deepEqual(JSON.parse(within.body), internal.report('public'));
      for (const { status, headers, body } of [atRoot, within]) {
        assert.equal(status, 200);
        assert.equal(headers['content-type'], 'application/json');
        assert.equal(headers['content-length'], String(Buffer.byteLength(body)));
      }
      assert.equal(atRoot.headers['cache-control'], 'public, max-age=1');
      assert.equal(within.headers['cache-control'], 'private, no-store', 'it matters who asks');
      assert.match(String(atRoot.headers.vary), /\bAccept\b/);
    });

    test('HEAD has the status and headers of GET and no body', async () => {
      const paths = [
        '/health',
        ...PROBES,
        '/internal/health',
        '/internal/metrics',
        '/internal/livez?verbose',
      ];
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
          assert.equal(status, framework.refuses?.test(path) ? 400 : 200, path);
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

    test('a client that goes away half-way, or while its viewer is asked, harms nobody', async () => {
      for (const half of [
        'GET /internal/health HTTP/1.1\r\nHost: x\r\nx-viewer: hangs\r\n\r\n',
        'GET /health HTTP/1.1\r\nHo',
        'POST /internal/health HTTP/1.1\r\nHost: x\r\nx-viewer: hangs\r\nContent-Length: 1000\r\n\r\n{"a":',
      ]) {
        const socket = connect(app.port, '127.0.0.1');
        socket.on('error', () => undefined);
        await once(socket, 'connect');
        socket.write(half);
        // Long enough for it to have been read; the answer does not depend on it.
        await new Promise((resolve) => setTimeout(resolve, 20));
        socket.destroy();
      }
      await new Promise((resolve) => setTimeout(resolve, VIEWER_DEADLINE_MS + 50));
      assert.equal((await ask('/internal/health')).status, 200);
    });

    if (framework.compression) {
      test('compression finds the answers fit to be compressed', async () => {
        const gzip = await ask('/internal/metrics', 'GET', { 'accept-encoding': 'gzip' });
        assert.equal(gzip.headers['content-encoding'], 'gzip');
        assert.equal(gzip.body, (await ask('/internal/metrics')).body);
      });
    }

    if (framework.helmet) {
      test('headers that the application adds to everything are on our answers as well', async () => {
        for (const path of ['/health', '/internal/livez']) {
          assert.equal((await ask(path)).headers['x-content-type-options'], 'nosniff', path);
        }
      });
    }

    test('a critical failure makes it unready and unhealthy, never dead; recovery is seen', async () => {
      const readiness = async (): Promise<number | undefined> => (await ask('/readyz')).status;
      broken = true;
      await waitFor('it to be unready', async () => (await readiness()) === 503);
      const { status, body } = await ask('/health');
      assert.deepEqual([status, JSON.parse(body).status], [503, 'unhealthy']);
      assert.equal((await ask('/readyz?verbose')).body, 'queue down CHECK_FAILED\nnot ready\n');
      assert.equal((await ask('/livez')).status, 200);
      assert.equal((await ask('/startupz')).status, 200, 'started once is started');
      assert.equal((await ask('/metrics')).status, 200);
      assert.equal((await ask('/internal/readyz')).status, 200, 'the other health is another health');
      broken = false;
      await waitFor('it to be ready again', async () => (await readiness()) === 200);
    });

    test('draining: readiness says no, liveness and the report go on', async () => {
      root.drain();
      const statuses = ['/readyz', '/livez', '/health', '/internal/readyz'].map((path) => ask(path));
      assert.deepEqual(
        (await Promise.all(statuses)).map(({ status }) => status),
        [503, 200, 200, 200],
      );
    });
  });
}

/** The headers without what the transport adds of its own, and compression, which may leave HEAD alone. */
function ownHeaders({ headers }: Reply): Reply['headers'] {
  const { date: _date, connection: _connection, 'keep-alive': _keepAlive, vary, ...rest } = headers;
  return { ...rest, ...(vary && { vary: vary.replace(/,? ?Accept-Encoding/, '') }) };
}
