/** A stream of server-sent events to an administrator, for as long as the session lasts. */
import type { FastifyReply, FastifyRequest } from 'fastify';
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
  const response = reply.raw;
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) response.setHeader(name, value);
  }
  response.writeHead(200, STREAM);
  const page = pages.open(response, sessionId);
  const stopWatching = watchSession(request, () => page.gone());
  response.once('close', stopWatching);
  return reply;
}
