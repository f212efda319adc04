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
import { startPostgres, type PostgresServer } from 'portal-test-kit';
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
    'errors',
    'ERRORS.md',
    'errors.md%00',
  ]) {
    const { status, body } = await sendRequest(service.url, `/docs/${name}`);
    assert.ok([400, 404].includes(status), `${name}: ${status}`);
    assert.ok(!body.includes('workspaces') && !body.includes('npm start'));
  }
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
