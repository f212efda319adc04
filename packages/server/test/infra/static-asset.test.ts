/**
 * Bodies that never change: made once, in every form, whoever asks for which.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import Fastify from 'fastify';
import { staticAsset, preferredEncoding, sendStatic } from '../../src/infra/static-asset.js';

const TEXT = 'some words, again and again. '.repeat(200);
const TYPE = 'text/plain; charset=utf-8';

async function served() {
  const body = await staticAsset(TYPE, TEXT);
  const app = Fastify();
  app.route({
    method: ['GET', 'HEAD'],
    url: '/',
    handler: (request, reply) => sendStatic(request, reply, body),
  });
  return { app, body };
}

test('what a client prefers by its q-values, in bounded time', () => {
  for (const [accepted, encoding] of [
    [undefined, 'identity'],
    ['', 'identity'],
    ['gzip', 'gzip'],
    ['GZIP, deflate', 'gzip'],
    ['x-gzip', 'gzip'],
    ['gzip, deflate, br, zstd', 'br'],
    ['br;q=0.5, gzip;q=0.9', 'gzip'],
    ['br;q=0, gzip;q=0', 'identity'],
    ['*', 'br'],
    ['*;q=0.5, br;q=0', 'gzip'],
    ['identity', 'identity'],
    ['identity, gzip;q=0.5', 'identity'],
    ['gzip;q=0.001', 'gzip'],
    ['gzip;q=nonsense', 'identity'],
    ['gzip;q=2', 'identity'],
    ['brotli, gzipped', 'identity'],
    [`${'a,'.repeat(5_000)}br`, 'identity'],
  ] as const) {
    assert.equal(preferredEncoding(accepted), encoding, accepted?.slice(0, 40));
  }
});

test('each form says what it is, unpacks to the same, and has a tag of its own', async () => {
  const { app, body } = await served();
  const unpack = { br: brotliDecompressSync, gzip: gunzipSync, identity: (bytes: Buffer) => bytes };
  const tags = new Set<unknown>();
  for (const encoding of ['br', 'gzip', 'identity'] as const) {
    const { headers, rawPayload, statusCode } = await app.inject({
      url: '/',
      headers: { 'accept-encoding': encoding },
    });
    assert.equal(statusCode, 200);
    assert.equal(headers['content-encoding'], encoding === 'identity' ? undefined : encoding);
    assert.equal(headers.vary, 'Accept-Encoding');
    assert.equal(headers['content-type'], TYPE);
    assert.equal(unpack[encoding](rawPayload).toString(), TEXT);
    assert.equal(Number(headers['content-length']), rawPayload.length);
    tags.add(headers.etag);
    const head = await app.inject({ method: 'HEAD', url: '/', headers: { 'accept-encoding': encoding } });
    assert.deepEqual([head.body, head.headers['content-length']], ['', headers['content-length']]);
  }
  assert.equal(tags.size, 3);
  assert.ok(body.forms.br.bytes.length < body.forms.gzip.bytes.length + 1);
  await app.close();
});

test('whoever has it in this form gets 304, and whoever has another form gets this one', async () => {
  const { app, body } = await served();
  const { tag } = body.forms.gzip;
  for (const [known, status] of [
    [tag, 304],
    [`W/${tag}`, 304],
    [`"other", ${tag}`, 304],
    ['*', 304],
    [body.forms.identity.tag, 200],
    ['"other"', 200],
    [tag.slice(0, -1), 200],
    [`${'"x",'.repeat(2_000)}${tag}`, 200],
  ] as const) {
    const reply = await app.inject({
      url: '/',
      headers: { 'accept-encoding': 'gzip', 'if-none-match': known },
    });
    assert.equal(reply.statusCode, status, known.slice(0, 60));
    assert.equal(reply.headers.etag, tag);
    if (status === 304) assert.equal(reply.body, '');
  }
  await app.close();
});

test('nothing is made for an answer: every one is the same bytes', async () => {
  const { body } = await served();
  const sent: unknown[] = [];
  const reply = {
    headers: () => reply,
    header: () => reply,
    send: (bytes: unknown) => (sent.push(bytes), reply),
  };
  for (let index = 0; index < 2; index += 1) {
    sendStatic({ headers: { 'accept-encoding': 'br' } } as never, reply as never, body);
  }
  assert.equal(sent[0], sent[1]);
});
