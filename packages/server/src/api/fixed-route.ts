/** An endpoint whose body is made before it is asked for: the documentation, and the operator's page and its files. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { PortalError } from '../errors.js';
import { type StaticAsset, sendStatic } from '../infra/static-asset.js';
import { redirectToCanonical } from '../infra/canonical-url.js';
import {
  applyCachePolicy,
  type CachePolicy,
  defineRoute,
  type Route,
  type RouteAnswer,
  type RouteDocs,
} from './route.js';
import type { Parameter } from './openapi-types.js';
import type { RequestErrorName } from './request-errors.js';
import type { ApiServices } from './services.js';

interface FixedRouteOptions {
  readonly path: string;
  readonly cache: CachePolicy;
  readonly docs?: RouteDocs;
  readonly parameters?: readonly Parameter[];
  readonly errors?: readonly RequestErrorName[];
  readonly answers?: Readonly<Record<number, RouteAnswer<never>>>;
  /** `Content-Security-Policy`, where the body is a page. */
  readonly contentPolicy?: string;
  /** `undefined`: there is nothing of that name. */
  readonly find: (services: ApiServices, params: PathParams) => StaticAsset | undefined;
}

type PathParams = Readonly<Record<string, string>>;

export function defineFixedRoute({ find, contentPolicy, answers = {}, ...route }: FixedRouteOptions): Route {
  const { path, cache } = route;
  return defineRoute({
    ...route,
    method: 'GET',
    guard: 'anyone',
    isFixed: true,
    answers,
    handler({ request, reply, services }) {
      const params = request.params as PathParams;
      const body = find(services, params);
      if (!body) throw new PortalError('notFound');
      return redirectToCanonical(request, reply, filledIn(path, params)) ?? send(request, reply, body);
    },
  });

  function send(request: FastifyRequest, reply: FastifyReply, body: StaticAsset): FastifyReply {
    applyCachePolicy(reply, cache);
    if (contentPolicy !== undefined) reply.header('Content-Security-Policy', contentPolicy);
    return sendStatic(request, reply, body);
  }
}

function filledIn(path: string, params: PathParams): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => params[name] ?? '');
}
