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
/** Adds the route to `app`. */
export function addAction(app: FastifyInstance, { url, guard, act }: Action): void {
  /** A program that is no browser says nothing of where it comes from, and brings no cookie that it was not given. */
  const refuseOtherSites: onRequestHookHandler = ({ headers }, _reply, next) => {
    if (app.site.isFromOwnPage(headers)) next();
    else next(new PortalError('crossSite'));
  };
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
