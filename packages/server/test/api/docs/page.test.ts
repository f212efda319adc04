/**
 * The page and the index: what they hold, and what they cannot load, run or show.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { PROBLEMS, REASON_CODES } from 'portal-health';
import { startPostgres, type PostgresServer } from 'portal-test-kit';
import { guidePageText } from '../../../src/api/docs/guide-page.js';
import { readGuides } from '../../../src/api/docs/guides.js';
import { markup, sentence } from '../../../src/api/docs/html.js';
import { DOCUMENT } from '../../answers.js';
import { sendRequest } from '../../request.js';
import { startService, type TestService } from '../../service.js';

let postgres: PostgresServer;
let service: TestService;
let page: string;

before(async () => {
  postgres = await startPostgres();
  service = await startService({ databaseUrl: await postgres.createDatabase() });
  page = (await sendRequest(service.url, '/docs')).body;
});

after(async () => {
  await service?.close();
  await postgres?.close();
});

/** Where a link leads that stands at `address`. */
function seenFrom(address: string, link: string): string {
  return new URL(link, `${service.url}${address}`).pathname;
}

test('the page tells of every path, every status and every shape, and its links lead somewhere', async () => {
  const { paths, components } = DOCUMENT;
  for (const [path, { get, post }] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries({ GET: get, POST: post })) {
      if (!operation) continue;
      assert.ok(page.includes(`<code>${method} ${path}</code>`), path);
      const section = page.split(`<h3 id="${operation.operationId}"`)[1]?.split('</section>')[0] ?? '';
      for (const status of Object.keys(operation.responses))
        assert.ok(section.includes(`>${status}</`), path);
    }
  }
  for (const name of Object.keys(components.schemas)) assert.ok(page.includes(`id="shape-${name}"`), name);
  const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
  assert.equal(new Set(ids).size, ids.length, 'no id twice');
  for (const [, href = ''] of page.matchAll(/href="([^"]+)"/g)) {
    if (href.startsWith('#')) assert.ok(ids.includes(href.slice(1)), href);
    else assert.equal((await sendRequest(service.url, seenFrom('/docs', href))).status, 200, href);
  }
});

test('it needs nobody and can be made to do nothing', async () => {
  const { headers } = await sendRequest(service.url, '/docs');
  const style = /<style>([^]*)<\/style>/.exec(page)?.[1] ?? '';
  const hash = createHash('sha256').update(style).digest('base64');
  assert.equal(
    headers['content-security-policy'],
    `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  );
  assert.ok(!/<script|<img|<link|<iframe|<form| style=| on\w+=|url\(|@import|javascript:/i.test(page));
  assert.equal(headers['content-type'], 'text/html; charset=utf-8');
  assert.equal(headers['x-content-type-options'], 'nosniff');
  const json = await sendRequest(service.url, '/openapi.json');
  assert.match(String(json.headers['content-security-policy']), /^default-src 'none'/);
  assert.ok(page.length < 200_000, `${page.length} characters`);
});

test('it can be read with a keyboard, a phone and a screen reader', () => {
  assert.match(page, /^<!doctype html>\s*<html lang="en">/);
  assert.ok(page.includes('<meta name="viewport" content="width=device-width, initial-scale=1">'));
  assert.match(page, /<body>\s*<a class="skip" href="#content">/);
  assert.equal(page.match(/<h1/g)?.length, 1);
  const levels = [...page.matchAll(/<h(\d)/g)].map(([, level]) => Number(level));
  for (const [index, level] of levels.entries())
    assert.ok(level <= (levels[index - 1] ?? 0) + 1, `h${level}`);
  // What scrolls can be reached by Tab; what names a column says so.
  assert.equal(page.match(/<pre/g)?.length, page.match(/<pre tabindex="0">/g)?.length);
  assert.equal(page.match(/<table/g)?.length, page.match(/<div class="table" tabindex="0">/g)?.length);
  assert.equal(page.match(/<th[ >]/g)?.length, page.match(/<th scope="col">/g)?.length);
  for (const tag of ['section', 'details', 'summary', 'table', 'pre', 'p', 'ul', 'li', 'code', 'a', 'h3']) {
    const opened = page.match(new RegExp(`<${tag}[ >]`, 'g'))?.length;
    assert.equal(page.match(new RegExp(`</${tag}>`, 'g'))?.length, opened, tag);
  }
});

test('the index is one of llmstxt.org, and every line of it leads somewhere', async () => {
  const { status, headers, body } = await sendRequest(service.url, '/llms.txt');
  assert.equal(status, 200);
  assert.equal(headers['content-type'], 'text/markdown; charset=utf-8');
  assert.match(body, /^# .+\n\n> .+\n/);
  const links = [...body.matchAll(/^- \[([^\]]+)\]\(([^)]+)\): .+$/gm)];
  assert.equal(links.length, body.match(/^- /gm)?.length);
  for (const [, title, target = ''] of links) {
    assert.equal((await sendRequest(service.url, seenFrom('/llms.txt', target))).status, 200, title);
    const [, fragment] = target.split('#');
    if (fragment) assert.ok(page.includes(` id="${fragment}"`), target);
  }
  assert.ok(links.some(([, , target]) => target === 'docs/errors.md'));
});

test('only guides are guides, whatever the name says', async () => {
  for (const name of [
    '..%2fREADME.md',
    '%2e%2e/package.json',
    '../README.md',
    'errors.html',
    'ERRORS',
    'ERRORS.md',
    'errors.md%00',
  ]) {
    const { status, body } = await sendRequest(service.url, `/docs/${name}`);
    assert.ok([400, 404].includes(status), `${name}: ${status}`);
    assert.ok(!body.includes('workspaces') && !body.includes('npm start'));
  }
});

test('an unknown path is a page for people, and JSON for programs', async () => {
  const people = { accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8' };
  for (const path of ['/nonsense', '/docs/nonsense/x', '/incidents/1/2', '/%2e%2e/%2e%2e/etc/passwd']) {
    const { status, headers, body } = await sendRequest(service.url, path, { headers: people });
    assert.deepEqual(
      [status, headers['content-type'], headers['cache-control']],
      [404, 'text/html; charset=utf-8', 'no-store'],
      path,
    );
    assert.match(body, /<h1>There is no such page<\/h1>[^]*<a href="\/">/);
    assert.ok(!body.includes('nonsense') && !body.includes('passwd'), 'nothing of the address');
  }
  for (const headers of [{}, { accept: '*/*' }, { accept: 'application/json' }]) {
    const { status, json } = await sendRequest(service.url, '/nonsense', { headers });
    assert.deepEqual([status, typeof json['error']], [404, 'string'], JSON.stringify(headers));
  }
  const posted = await sendRequest(service.url, '/nonsense', { method: 'POST', headers: people });
  assert.match(String(posted.headers['content-type']), /^application\/json/);
});

test('each guide is a page: every code and every setting has its place, every link leads somewhere, nothing runs', async () => {
  const index = (await sendRequest(service.url, '/llms.txt')).body;
  const names = [...index.matchAll(/\(docs\/([a-z-]+)\.md\)/g)].map(([, name = '']) => name);
  assert.ok(names.length > 5, `${names.length} guides`);
  const pages = new Map<string, string>();
  for (const name of names) {
    const { status, headers, body } = await sendRequest(service.url, `/docs/${name}`);
    assert.deepEqual([status, headers['content-type']], [200, 'text/html; charset=utf-8'], name);
    assert.match(String(headers['content-security-policy']), /^default-src 'none'; style-src 'sha256-/);
    assert.doesNotMatch(body, /<script|<img|\son\w+=|javascript:/i, name);
    pages.set(name, body);
  }
  for (const [name, codes] of [
    ['errors', Object.keys(PROBLEMS)],
    ['reasons', REASON_CODES],
    ['settings', ['PORTAL_PUBLIC_URL']],
    ['fleet', ['INSTANCE_TIMEOUT', 'FLEET_BLIND']],
  ] as const) {
    for (const code of codes) assert.ok(pages.get(name)?.includes(` id="${code}"`), `${name}#${code}`);
  }
  for (const [name, body] of pages) {
    const ids = [...body.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
    assert.equal(new Set(ids).size, ids.length, `${name}: each place once`);
    for (const [, target = ''] of body.matchAll(/ href="([^"]*)"/g)) {
      if (target.startsWith('https://')) continue;
      const url = new URL(target, `http://page/docs/${name}`);
      const [, , guide = ''] = url.pathname.split('/');
      const there = pages.get(guide) ?? (await sendRequest(service.url, url.pathname)).body;
      assert.notEqual(there, '', `${name}: ${target}`);
      if (url.hash)
        assert.ok(there.includes(` id="${decodeURIComponent(url.hash.slice(1))}"`), `${name}: ${target}`);
    }
  }
});

test('whatever a guide says becomes no more than text, a link or a table; the first of two places of a name has it', () => {
  const guide = {
    name: 'one.md',
    title: 'One & <all>',
    about: '',
    text: '# One\n\n[a](two.md#X) [b](../README.md) [c](javascript:alert(1)) [d](https://e.example/?a="b)\n\n![pic](images/x.png)\n\n```\n<b>\n```\n\n| code | of "it" |\n| --- | --- |\n| `A_B` | 1 |\n| `A_B` | 2 |\n',
  };
  const html = guidePageText(guide, [guide, { ...guide, name: 'two.md', title: 'Two' }], '/portal/');
  assert.match(html, /<title>One &amp; &lt;all&gt;<\/title>/);
  assert.match(html, /<a href="\/portal\/docs\/two#X">a<\/a> b c <a href="https:[^"<>]*">d<\/a>/);
  assert.match(html, /<pre tabindex="0">&lt;b&gt;/);
  assert.match(html, /<td data-name="of &quot;it&quot;">1<\/td>/);
  assert.equal(html.match(/id="A_B"/g)?.length, 1);
  assert.doesNotMatch(html, /<img|javascript:/);
});

test('texts are escaped, guides are described by their first paragraph, and there may be none', async (t) => {
  assert.equal(markup`<b>${'<i>&"\''}</b>`.html, '<b>&lt;i&gt;&amp;&quot;&#39;</b>');
  assert.equal(sentence('use `a<b` now').html, 'use <code>a&lt;b</code> now');
  const folder = await mkdtemp(join(tmpdir(), 'portal-guides-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'one.md'), '# One\n\nFirst line,\nsecond line.\n\nMore.\n');
  await writeFile(join(folder, 'two.md'), '# Two\n\n## Straight on\n');
  await writeFile(join(folder, 'Notes.txt'), 'no guide');
  const guides = readGuides(pathToFileURL(`${folder}/`));
  assert.deepEqual(
    guides.map(({ name, title, about }) => [name, title, about]),
    [
      ['one.md', 'One', 'First line, second line.'],
      ['two.md', 'Two', ''],
    ],
  );
  assert.deepEqual(readGuides(pathToFileURL(join(folder, 'none/'))), []);
});
