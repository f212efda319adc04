/**
 * Answers that are made for one client travel compressed: a report is a tenth as long then, and the phone that reads it
 * at night is on a bad line. Bodies that never change are compressed once, by `static-asset`.
 */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { type Encoding, preferredEncoding } from './static-asset.js';

/** Shorter ones fit a packet as they are. */
const SHORTEST_BYTES = 1_024;
const GZIP_LEVEL = 6;
/** As quick as gzip at its usual level. */
const BROTLI_QUALITY = 4;
/** Compresses texts of more than a kilobyte for clients that say that they take them. */
export function compressAnswers(app: FastifyInstance): void {
  app.addHook('onSend', async (request, reply, payload) => {
    if (!isText(reply) || reply.hasHeader('Content-Encoding')) return payload;
    if (typeof payload !== 'string' && !Buffer.isBuffer(payload)) return payload;
    const plain = Buffer.from(payload);
    if (plain.length < SHORTEST_BYTES) return payload;
    vary(reply);
    const encoding = preferredEncoding(request.headers['accept-encoding']);
    if (encoding === 'identity') return payload;
    reply.header('Content-Encoding', encoding).removeHeader('Content-Length');
    return compress(plain, encoding);
  });
}

function isText(reply: FastifyReply): boolean {
  return /^(application\/(openmetrics-text|(\w[\w.+-]*\+)?json)|text\/)/.test(
    String(reply.getHeader('Content-Type') ?? ''),
  );
}

/** What nobody may keep cannot be given to the wrong one. */
function vary(reply: FastifyReply): void {
  if (/\bno-store\b/.test(String(reply.getHeader('Cache-Control') ?? ''))) return;
  const before = reply.getHeader('Vary');
  reply.header('Vary', before === undefined ? 'Accept-Encoding' : `${String(before)}, Accept-Encoding`);
}

function compress(plain: Buffer, encoding: Exclude<Encoding, 'identity'>): Promise<Buffer> {
  if (encoding === 'gzip') return promisify(gzip)(plain, { level: GZIP_LEVEL });
  return promisify(brotliCompress)(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } });
}
