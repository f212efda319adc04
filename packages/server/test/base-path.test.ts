/**
 * Below a path: whatever prints a link prints one that leads there, where it is known, and a relative one where it is not.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startPostgres, type PostgresServer } from 'portal-test-kit';
import { readConfig } from '../src/config/env.js';
import { ENDPOINTS } from '../src/api/endpoints.js';
import { sendRequest } from './request.js';
import { startService, type TestService } from './service.js';

const VIEWS = ['/', '/fleet', '/now', '/events', '/integrity', '/sessions', '/audit'];

let postgres: PostgresServer;
let plain: TestService;
let published: TestService;

before(async () => {
  postgres = await startPostgres();
  const databaseUrl = await postgres.createDatabase();
  plain = await startService({ databaseUrl });
  published = await startService({
    databaseUrl,
    environment: { PORTAL_PUBLIC_URL: 'https://status.example.org/tools/portal/' },
  });
});

after(async () => {
  await Promise.all([plain?.close(), published?.close()]);
  await postgres?.close();
});

function linksIn(html: string): readonly string[] {
  return [...html.matchAll(/(?:href|src)="([^"#]+)"/g)].map(([, link = '']) => link);
}

test('a path that begins like one of ours is refused: nobody could say what is meant by it', async () => {
  const links = linksIn((await sendRequest(plain.url, '/')).body).map((link) => link.slice(1));
  const own = new Set(
    [...ENDPOINTS.map((route) => route.path), ...VIEWS, ...links].map((path) => path.split('/')[1] ?? ''),
  );
  own.delete('');
  assert.ok(own.size > 10);
  for (const name of own) {
    for (const path of [name, `${name}/below`]) {
      assert.throws(
        () => readConfig({ PORTAL_PUBLIC_URL: `https://status.example.org/${path}` }),
        /PORTAL_PUBLIC_URL` to have a path that begins with none of the service’s own names: assets, audit, /,
        path,
      );
    }
  }
  assert.ok(readConfig({ PORTAL_PUBLIC_URL: 'https://status.example.org/portal/health' }).publicUrl);
});

describe('where nobody has said, links are relative: a proxy may take any path off', () => {
  for (const view of [...VIEWS, '/docs']) {
    test(view, async () => {
      const links = linksIn((await sendRequest(plain.url, view)).body);
      assert.ok(links.length > 1);
      for (const link of links) {
        const target = new URL(link, `http://elsewhere/any/path${view}`);
        assert.ok(target.pathname.startsWith('/any/path/'), link);
        assert.equal(
          (await sendRequest(plain.url, target.pathname.slice('/any/path'.length))).status,
          200,
          link,
        );
      }
    });
  }

  test('and each page stands at one address, from which they are right', async () => {
    for (const view of [...VIEWS.slice(1), '/docs', '/docs/errors.md', '/openapi.json']) {
      for (const [slashes, there] of [
        ['/', view],
        ['//', view],
        ['/?range=6h', view],
      ] as const) {
        const { status, headers } = await sendRequest(plain.url, `${view}${slashes}`);
        assert.equal(status, 308, view);
        const from = `http://elsewhere/any/path${view}${slashes}`;
        assert.equal(new URL(String(headers.location), from).pathname, `/any/path${there}`);
      }
    }
  });

  test('the description says so of itself, the index too', async () => {
    const { servers } = (await sendRequest(plain.url, '/openapi.json')).json as {
      servers: [{ url: string }];
    };
    assert.equal(servers[0].url, '.');
    assert.doesNotMatch((await sendRequest(plain.url, '/llms.txt')).body, /\]\(\//);
  });
});

describe('where it is known, everything leads there', () => {
  for (const view of [...VIEWS, '/docs']) {
    test(view, async () => {
      for (const asked of [view, `/tools/portal${view}`]) {
        const links = linksIn((await sendRequest(published.url, asked)).body);
        assert.ok(links.length > 1);
        for (const link of links) {
          assert.ok(link.startsWith('/tools/portal/'), link);
          assert.equal((await sendRequest(published.url, link)).status, 200, link);
        }
      }
    });
  }

  test('without a slash at the end of the path as well', async () => {
    const { status, body } = await sendRequest(published.url, '/tools/portal?range=6h');
    assert.equal(status, 200);
    assert.match(body, /src="\/tools\/portal\/assets\//);
  });

  test('in the description, in the index, and in what is to be pasted', async () => {
    const { servers } = (await sendRequest(published.url, '/openapi.json')).json as {
      servers: [{ url: string }];
    };
    assert.equal(servers[0].url, 'https://status.example.org/tools/portal');
    const index = (await sendRequest(published.url, '/llms.txt')).body;
    for (const [, target = ''] of index.matchAll(/^- \[[^\]]+\]\(([^)]+)\)/gm)) {
      assert.ok(target.startsWith('https://status.example.org/tools/portal/'), target);
    }
    const page = (await sendRequest(published.url, '/docs')).body;
    assert.ok(page.includes('curl https://status.example.org/tools/portal/health'));
    assert.ok(!page.includes('127.0.0.1'));
  });
});
