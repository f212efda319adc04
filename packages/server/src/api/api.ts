/**
 * The API as a whole, and the operator's page beside it, as one plugin of Fastify. Guard, cache policy and the rejection of
 * other methods follow from the definitions of the endpoints.
 */
import type {
  FastifyInstance,
  FastifyPluginAsync,
  FastifyReply,
  onRequestAsyncHookHandler,
  onRequestHookHandler,
} from 'fastify';
import { PortalError } from '../errors.js';
import { makeDocuments } from './docs/documents.js';
import { ENDPOINTS } from './endpoints.js';
import { createPublicServices } from './public-services.js';
import { readPageRoutes } from './operator-page.js';
import { applyCachePolicy, type Route } from './route.js';
import type { ApiServices } from './services.js';

export interface ApiOptions {
  readonly services: Omit<ApiServices, 'documents' | 'publicServices'>;
  /** What the page is called; its own name where none is given. */
  readonly heading?: string | undefined;
}

export const api: FastifyPluginAsync<ApiOptions> = async (app, { services, heading }) => {
  const [documents, page] = await Promise.all([
    makeDocuments(ENDPOINTS, app.site),
    readPageRoutes({ basePath: app.site.basePath, heading }),
  ]);
  const publicServices = createPublicServices(services);
  addRoutes(app, [...ENDPOINTS, ...page], { ...services, documents, publicServices });
};

type Hook = onRequestHookHandler | onRequestAsyncHookHandler;

const METHODS = { GET: ['GET', 'HEAD'], POST: ['POST'] } as const;

function addRoutes(app: FastifyInstance, routes: readonly Route[], services: ApiServices): void {
  const answered = routes.filter(({ handle }) => handle !== undefined);
  for (const route of answered) addRoute(app, route, services);
  for (const path of new Set(answered.map((route) => route.path))) {
    refuseOtherMethods(
      app,
      path,
      answered.filter((route) => route.path === path),
    );
  }
}

function addRoute(app: FastifyInstance, route: Route, services: ApiServices): void {
  const { handle } = route;
  app.route({
    method: [...METHODS[route.method]],
    url: urlOf(route.path),
    onRequest: [
      ...cacheHooks(route),
      ...(route.method === 'POST' ? [refuseOtherSites(app)] : []),
      ...guardHooks(route, services),
    ],
    async handler(request, reply) {
      const document = await handle?.(request, reply, services);
      if (document !== undefined) send(reply, route, document);
      return reply;
    },
  });
}

/**
 * By `JSON.stringify`, never by the schema: a serialiser made from one turns a `null` where it expects an integer into 0,
 * and drops the keys that it does not know.
 */
function send(reply: FastifyReply, { contentType }: Route, document: unknown): void {
  if (contentType === undefined) reply.send(document);
  // As bytes, because the framework would add a charset to the type of a text.
  else reply.header('Content-Type', contentType).send(Buffer.from(JSON.stringify(document)));
}

/** Before everything else, so that errors are not kept either. */
function cacheHooks({ cache, isFixed }: Route): readonly Hook[] {
  if (isFixed) return [];
  return [
    (_request, reply, next) => {
      applyCachePolicy(reply, cache);
      next();
    },
  ];
}

function guardHooks({ guard }: Route, services: ApiServices): readonly Hook[] {
  if (guard === 'anyone' || guard.isOptional) return [];
  const { requireAdmin, requireUser } = services.guard;
  return [guard.level === 'admin' ? requireAdmin(guard) : requireUser(guard)];
}

/**
 * The cookie says `SameSite=Lax`, and what a form can send is no JSON; so a page of another site has two walls before it
 * already. This is the third, and the only one that also keeps it from signing somebody in as somebody else. A program
 * that is no browser says nothing of where it comes from, and brings no cookie that it was not given.
 */
function refuseOtherSites({ site }: FastifyInstance): Hook {
  return ({ headers }, _reply, next) => {
    if (site.isSameOrigin(headers)) next();
    else next(new PortalError('crossSite'));
  };
}

/** Before the body is read, and before the guard: which methods there are is no secret. */
function refuseOtherMethods(app: FastifyInstance, path: string, routes: readonly Route[]): void {
  const answered = routes.flatMap(({ method }): readonly string[] => METHODS[method]);
  const refuse: onRequestHookHandler = (_request, reply, next) => {
    reply.header('Allow', answered.join(', '));
    next(new PortalError('methodNotAllowed'));
  };
  app.route({
    method: app.supportedMethods.filter((method) => !answered.includes(method)),
    url: urlOf(path),
    onRequest: [...routes.slice(0, 1).flatMap(cacheHooks), refuse],
    handler: (_request, reply) => reply,
  });
}

/** `/docs/{guide}` as Fastify writes it: `/docs/:guide`. */
function urlOf(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}
