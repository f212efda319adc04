/**
 * A route by which something is done: `POST` of JSON, and never at the bidding of another site.
 *
 * The cookie says `SameSite=Lax`, and what a form can send is no JSON; so a page of another site has two walls before
 * it already. This is the third, and the only one that also keeps it from signing somebody in as somebody else.
 */
import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  onRequestAsyncHookHandler,
  onRequestHookHandler,
} from 'fastify';
import { PortalError } from '../errors.js';
import { forOneReaderOnly, refuseOtherMethods } from './methods.js';

/** What an action is made of. */
export interface Action {
  readonly url: string;
  /** Who may do it; absent: anybody. */
  readonly guard?: onRequestAsyncHookHandler;
  readonly act: (request: FastifyRequest, reply: FastifyReply) => unknown;
}

const ANSWERED = ['POST'];
/** What browsers say of a request that comes from our own page, or from nobody's. */
const OWN = new Set<unknown>(['same-origin', 'none']);

/**
 * Browsers say where a request comes from, and pages cannot change that. Older ones, and all of them where there is no
 * TLS, say only the origin. A program that is no browser says neither, and brings no cookie that it was not given.
 */
const refuseOtherSites: onRequestHookHandler = ({ headers }, _reply, done) => {
  const site = headers['sec-fetch-site'];
  const isOwn =
    site === undefined
      ? headers.origin === undefined || hostOf(headers.origin) === headers.host?.toLowerCase()
      : OWN.has(site);
  if (isOwn) done();
  else done(new PortalError('crossSite'));
};

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

/** Adds the route to `app`. */
export function addAction(app: FastifyInstance, { url, guard, act }: Action): void {
  app.route({
    method: ANSWERED,
    url,
    onRequest: [forOneReaderOnly, refuseOtherSites, ...(guard ? [guard] : [])],
    handler: act,
  });
  refuseOtherMethods(app, { url, answered: ANSWERED, before: [forOneReaderOnly] });
}

/**
 * The text of a field in the body of a request.
 *
 * @throws PortalError when there is none, naming the field
 */
export function textIn({ body }: FastifyRequest, field: string): string {
  const value: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, field) : undefined;
  if (typeof value !== 'string') throw new PortalError('badRequest', `${field} must be a text`);
  return value;
}
