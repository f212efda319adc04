import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { startPostgres, type PostgresServer } from 'portal-test-kit';
import { readSite } from '../../src/api/site.js';
import { createVerdictDocument } from '../../src/api/verdict-document.js';
import { staticAsset } from '../../src/infra/static-asset.js';
import { sendRequest } from '../request.js';
import { startService, type TestService } from '../service.js';

const VIEWS = ['/', '/fleet', '/now', '/incidents', '/events', '/integrity', '/sessions', '/audit'];
/** Compressed: two thirds of the 60 kB that the first view may have, the rest of which is what it shows; e2e/test/page/traffic counts all. */
const FIRST_BYTES = 40_000;
/** What those fetch who scroll to the charts, and who look at every other view. */
const CHART_BYTES = 24_000;
const LATER_BYTES = 24_000;

let postgres: PostgresServer;
let service: TestService;

before(async () => {
  postgres = await startPostgres();
  service = await startService({ databaseUrl: await postgres.createDatabase() });
});

after(async () => {
  await service?.close();
  await postgres?.close();
});

function filesOf(document: string): readonly string[] {
  return [...document.matchAll(/(?:src|href)="\.(\/assets\/[^"]+)"/g)].map(([, path = '']) => path);
}

test('every view is an address of the one document, which may run, show and ask nothing but ours', async () => {
  const { body } = await sendRequest(service.url, '/');
  for (const view of VIEWS) {
    const reply = await sendRequest(service.url, `${view}?range=6h`);
    assert.deepEqual([reply.status, reply.body], [200, body]);
    assert.equal(reply.headers['content-type'], 'text/html; charset=utf-8');
    // It has the verdict in it, which nobody may keep.
    assert.equal(reply.headers['cache-control'], 'no-store');
    assert.equal(
      reply.headers['content-security-policy'],
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
  }
  assert.ok(
    !/<script(?![^>]* src=)|<style|style="|https?:\/\//.test(body),
    'nothing inline, nothing from elsewhere',
  );
});

test('a view below another one names the same files, one step up', async () => {
  const { body } = await sendRequest(service.url, '/');
  const below = await sendRequest(service.url, `/incidents/${'0'.repeat(32)}`);
  assert.equal(below.status, 200);
  assert.notEqual(below.body, body);
  assert.equal(below.body.replaceAll('"../', '"./'), body);
});

test('its files may be kept for ever, for their names change with them', async () => {
  const { body } = await sendRequest(service.url, '/');
  const files = filesOf(body);
  assert.ok(files.length >= 3);
  for (const file of files) {
    const { status, headers } = await sendRequest(service.url, file);
    assert.equal(status, 200);
    assert.equal(headers['cache-control'], 'public, max-age=31536000, immutable');
    assert.match(
      String(headers['content-type']),
      /^(text\/(javascript|css); charset=utf-8|image\/svg\+xml)$/,
    );
  }
  assert.equal((await sendRequest(service.url, '/assets/no.js')).status, 404);
});

test('it is sent small to whoever takes that, and whoever has what it says is told so', async () => {
  const { headers } = await sendRequest(service.url, '/');
  const again = await sendRequest(service.url, '/', { headers: { 'If-None-Match': String(headers.etag) } });
  assert.deepEqual([again.status, again.body], [304, '']);
  const small = await sendRequest(service.url, '/', {
    method: 'HEAD',
    headers: { 'Accept-Encoding': 'gzip, br' },
  });
  assert.equal(small.headers['content-encoding'], 'br');
  for (const { forms } of (await readSite()).values()) {
    assert.deepEqual(gunzipSync(forms.gzip.bytes), forms.identity.bytes);
  }
});

test('it says how things stand, in the words of the public status, to whoever runs no script', async () => {
  const [page, status] = await Promise.all([
    sendRequest(service.url, '/'),
    sendRequest(service.url, '/v1/status'),
  ]);
  const { sentence, since, status: word } = status.json as Readonly<Record<string, string>>;
  const [, said = ''] = /<section class="headline (\w+)"/.exec(page.body) ?? [];
  assert.equal(said, word);
  assert.ok(page.body.includes(`· ${sentence}</span>`), String(sentence));
  assert.ok(page.body.includes(`<time datetime="${since}">${since?.slice(0, 10)} `));
  const [, data = ''] = /data-status="([^"]*)"/.exec(page.body) ?? [];
  const read: unknown = JSON.parse(data.replaceAll('&#34;', '"').replaceAll('&#39;', "'"));
  assert.deepEqual(read, { ...status.json, checked_at: null });
});

test('a document is made once for a status, and no word of it is markup', async () => {
  const html = '<title>A &#38; B</title><div id="page"></div>';
  const documentOf = createVerdictDocument(await staticAsset('text/html', html));
  const status = {
    status: 'degraded',
    sentence: `<b>"it's" & $& so</b>`,
    since: '2026-03-01T02:41:07.318Z',
    database: true,
    cache: false,
    causes: [],
    checked_at: '2026-03-01T02:41:08.000Z',
    codes_delivered: false,
  } as const;
  const asset = documentOf(status);
  assert.equal(documentOf({ ...status, checked_at: '2026-03-01T02:41:10.000Z' }), asset);
  assert.notEqual(documentOf({ ...status, status: 'unhealthy' }), asset);
  const body = asset.forms.identity.bytes.toString();
  assert.ok(body.includes('<h1>A &#38; B</h1>'));
  assert.ok(
    body.includes('▲</span> Degraded <span class="sentence">· &#60;b&#62;&#34;it&#39;s&#34; &#38; $&#38; so'),
  );
  assert.equal(gunzipSync(asset.forms.gzip.bytes).toString(), body);
  assert.equal(brotliDecompressSync(asset.forms.br.bytes).toString(), body);
});

test('it is read, never written to', async () => {
  const { status, headers } = await sendRequest(service.url, '/', { method: 'POST' });
  assert.deepEqual([status, headers.allow], [405, 'GET, HEAD']);
});

test('the first view is small, and so are the charts and the rest', async () => {
  const site = await readSite();
  const sizeOf = (path: string): number => gzipSync(site.get(path)?.forms.identity.bytes ?? '').length;
  const page = site.get('/index.html')?.forms.identity.bytes.toString() ?? '';
  const named = new Set(['/index.html', ...filesOf(page)]);
  const isFirst = (path: string): boolean => named.has(path) || path.startsWith('/assets/healthy-time-');
  const isChart = (path: string): boolean => path.startsWith('/assets/chart-');
  const sumOf = (isAsked: (path: string) => boolean): number =>
    [...site.keys()].filter(isAsked).reduce((bytes, path) => bytes + sizeOf(path), 0);
  const sums = [sumOf(isFirst), sumOf(isChart), sumOf((path) => !isFirst(path) && !isChart(path))];
  const bounds = [FIRST_BYTES, CHART_BYTES, LATER_BYTES];
  assert.ok(
    sums.every((bytes, index) => bytes > 5_000 && bytes <= (bounds[index] ?? 0)),
    sums.join(),
  );
});

test('what was compressed when it was built is the file itself', async () => {
  const site = await readSite();
  for (const [path, { forms }] of site) {
    assert.ok(brotliDecompressSync(forms.br.bytes).equals(forms.identity.bytes), path);
    assert.ok(gunzipSync(forms.gzip.bytes).equals(forms.identity.bytes), path);
  }
});

test('what the operator calls it stands in its title, and is text whatever it is', async () => {
  const titleIn = async (heading?: string): Promise<string | undefined> => {
    const page = (await readSite({ heading })).get('/index.html')?.forms.identity.bytes.toString() ?? '';
    return /<title>(.*)<\/title>/.exec(page)?.[1];
  };
  assert.equal(await titleIn(), 'Portal Health');
  assert.equal(await titleIn('Orders · staging'), 'Orders · staging');
  assert.equal(
    await titleIn("</title><script>$&$'</script>"),
    "&#60;/title&#62;&#60;script&#62;$&#38;$'&#60;/script&#62;",
  );
});

test('where it was not built there is none, and everything else goes on', async () => {
  assert.equal((await readSite({ folder: new URL('file:///nowhere/of/ours/') })).size, 0);
});
