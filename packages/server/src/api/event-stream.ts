/** A stream of server-sent events to an administrator, for as long as the session lasts. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Writable } from 'node:stream';
import { constants, createGzip } from 'node:zlib';
import { acceptsEncoding } from '../infra/static-asset.js';
import { currentUser } from '../auth/current-user.js';
import { PortalError } from '../errors.js';
import type { LivePages } from '../monitoring/live/pages.js';
import type { ApiServices } from './services.js';

/** When a page that was closed elsewhere has been noticed to be. */
const COME_AGAIN_S = 5;
const STREAM = {
  'Content-Type': 'text/event-stream',
  // nginx would otherwise wait for a buffer to be full.
  'X-Accel-Buffering': 'no',
};

/** A window of some reports, and 48 kB of memory a stream instead of 270. */
const GZIP = { windowBits: 13, memLevel: 5, flush: constants.Z_SYNC_FLUSH } as const;

/** As it is described. */
export const STREAM_ANSWER = {
  description: 'Does not end by itself.',
  content: {
    'text/event-stream': { schema: { type: 'string' }, example: 'event: gone\ndata: {}\n\n' },
  },
} as const;

export interface StreamOptions extends Pick<ApiServices, 'watchSession'> {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly pages: LivePages;
}

/** @throws PortalError (tooManyRequests) when too many are open */
export function openStream({ request, reply, pages, watchSession }: StreamOptions): FastifyReply {
  if (request.method === 'HEAD') return reply.headers(STREAM).send();
  const { sessionId } = currentUser(request);
  if (!pages.hasRoomFor(sessionId)) {
    reply.header('Retry-After', String(COME_AGAIN_S));
    throw new PortalError('tooManyRequests');
  }
  reply.hijack();
  const page = pages.open(begin(request, reply), sessionId);
  reply.raw.once(
    'close',
    watchSession(request, () => page.gone()),
  );
  return reply;
}

/**
 * Sends the headers. By gzip where the client takes it: one report is much like the one before, and what is written
 * arrives at once all the same.
 *
 * @returns what to write to; it closes with the connection, and the other way round
 */
function begin(request: FastifyRequest, reply: FastifyReply): Writable {
  const response = reply.raw;
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) response.setHeader(name, value);
  }
  if (!acceptsEncoding('gzip', request.headers['accept-encoding'])) {
    response.writeHead(200, STREAM);
    return response;
  }
  response.writeHead(200, { ...STREAM, 'Content-Encoding': 'gzip' });
  const stream = createGzip(GZIP);
  stream.pipe(response);
  response.once('close', () => stream.destroy());
  stream.once('close', () => {
    if (!response.writableEnded) response.destroy();
  });
  return stream;
}
