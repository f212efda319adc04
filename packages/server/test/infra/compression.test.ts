/** Answers that travel compressed: to whom, which, and that they are the same when they arrive. */
import Fastify, { type FastifyInstance } from 'fastify';
import assert from 'node:assert/strict';
import { request, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { compressAnswers } from '../../src/infra/compression.js';

const LONG = JSON.stringify({ figures: Array.from({ length: 500 }, (_, index) => index % 17) });
const SHORT = '{"status":"healthy"}';
let app: FastifyInstance;
let port: number;

before(async () => {
  app = Fastify();
  compressAnswers(app);
  app.get('/long', (_request, reply) => reply.type('application/json').header('Vary', 'Cookie').send(LONG));
  app.get('/bytes', (_request, reply) => reply.type('application/health+json').send(Buffer.from(LONG)));
  app.get('/short', (_request, reply) => reply.type('application/json').send(SHORT));
  app.get('/image', (_request, reply) => reply.type('image/png').send(Buffer.from(LONG)));
  app.get('/ready', (_request, reply) =>
    reply.type('text/css').header('Content-Encoding', 'br').send(Buffer.from(LONG)),
  );
  app.get('/fails', () => {
    throw new Error('x'.repeat(2_000));
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  ({ port } = app.server.address() as AddressInfo);
});

after(() => app.close());

function get(path: string, accept?: string): Promise<{ headers: IncomingHttpHeaders; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const headers = accept === undefined ? {} : { 'Accept-Encoding': accept };
    request({ port, host: '127.0.0.1', path, headers }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('end', () => resolve({ headers: response.headers, body: Buffer.concat(pieces) }));
    })
      .on('error', reject)
      .end();
  });
}

test('a long answer is a fraction as long, and the same', async () => {
  const gzip = await get('/long', 'gzip, deflate');
  assert.equal(gzip.headers['content-encoding'], 'gzip');
  assert.equal(gunzipSync(gzip.body).toString(), LONG);
  assert.ok(gzip.body.length * 3 < LONG.length);
  assert.equal(gzip.headers['content-length'], String(gzip.body.length));
  assert.equal(gzip.headers.vary, 'Cookie, Accept-Encoding');
  const brotli = await get('/bytes', 'gzip, br');
  assert.equal(brotli.headers['content-encoding'], 'br');
  assert.equal(brotliDecompressSync(brotli.body).toString(), LONG);
});

test('whoever does not take it gets it as it is, and a cache is told that others do not', async () => {
  for (const accept of [undefined, 'identity', 'gzip;q=0', 'zstd', 'x'.repeat(4_000)]) {
    const { headers, body } = await get('/long', accept);
    assert.equal(headers['content-encoding'], undefined, accept);
    assert.equal(body.toString(), LONG);
    assert.equal(headers.vary, 'Cookie, Accept-Encoding');
  }
});

test('short ones, pictures, and what is compressed already stay as they are; a long error does not', async () => {
  assert.equal((await get('/short', 'br')).body.toString(), SHORT);
  assert.equal((await get('/image', 'br')).body.toString(), LONG);
  assert.equal((await get('/ready', 'br')).body.toString(), LONG);
  const { headers, body } = await get('/fails', 'gzip');
  assert.equal(headers['content-encoding'], 'gzip');
  assert.equal((JSON.parse(gunzipSync(body).toString()) as { statusCode: number }).statusCode, 500);
});
