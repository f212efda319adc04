/**
 * What an endpoint is: where it is, who may use it, who may keep its answers, what it takes and gives, and what it does.
 * The OpenAPI document, `/docs`, the types of the page and the tests of answers are all made from this.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type BodySchema, type FromQuery, type QuerySchema, readBody, readQuery } from './parameters.js';
import type { RequestErrorName } from './request-errors.js';
import type { Content, Parameter, ResponseHeaders } from './openapi-types.js';
import type { FromSchema, JsonSchema } from './schema.js';
import type { ApiServices } from './services.js';

/** Who may use an endpoint. */
export type RouteGuard = 'anyone' | SessionGuard;

export interface SessionGuard {
  /** The least that a session must be of: any user, or an administrator. */
  readonly level: 'user' | 'admin';
  /** Whether a session that was verified lately still counts while the database is away. */
  readonly allowFallback: boolean;
  /** Whether the first read in each session is written to the audit log. */
  readonly isDocument?: boolean;
  /** Whether machine tokens are let in; default: no. */
  readonly machines?: boolean;
  /** Anyone may use it, and administrators see more: the handler asks, not the route. */
  readonly isOptional?: boolean;
}

/** How the endpoint is described; absent where it is no part of the API, as the files of the page are none. */
export interface RouteDocs {
  readonly id: string;
  readonly tag: Tag;
  readonly summary: string;
  readonly description: string;
}

export type Tag =
  | 'Health'
  | 'Integrity'
  | 'History'
  | 'Fleet'
  | 'Incidents'
  | 'Sign-in'
  | 'Probes'
  | 'Metrics'
  | 'Documentation';

/** What an endpoint answers by a status, errors of all endpoints apart. */
export interface RouteAnswer<S extends JsonSchema> {
  readonly description: string;
  readonly headers?: ResponseHeaders;
  /** Of the JSON document. */
  readonly schema?: S;
  readonly example?: unknown;
  /** In place of `schema`: other media types, or several. */
  readonly content?: Content;
}

/** What does not depend on the types of what is taken and given. */
interface RouteBase {
  /** As OpenAPI writes it: `/v1/users/{name}`. */
  readonly path: string;
  /** `GET` answers `HEAD`, too. */
  readonly method: 'GET' | 'POST';
  readonly guard: RouteGuard;
  readonly cache: CachePolicy;
  readonly docs?: RouteDocs;
  /** Parameters that stand in the path, or that the health library reads by itself. */
  readonly parameters?: readonly Parameter[];
  /** Errors besides those that follow from the method, the guard and what is taken. */
  readonly errors?: readonly RequestErrorName[];
  /** The body was made before: nothing can go wrong any more, and only success may be kept. */
  readonly isFixed?: boolean;
  /** Default: Fastify's own, `application/json; charset=utf-8`. */
  readonly contentType?: 'application/json';
}

/** What a handler is given. */
export interface Call<Q extends QuerySchema, B extends BodySchema> {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly services: ApiServices;
  readonly query: FromQuery<Q>;
  readonly body: FromSchema<B>;
}

/** A document of the schema, or the reply where it has been sent. */
type Result<S extends JsonSchema> = FromSchema<S> | FastifyReply;

interface RouteOptions<Q extends QuerySchema, B extends BodySchema, S extends JsonSchema> extends RouteBase {
  readonly query?: Q;
  readonly body?: { readonly schema: B; readonly example: FromSchema<B> };
  readonly answers: Readonly<Record<number, RouteAnswer<S>>>;
  /** Absent where the request is answered before Fastify is asked. */
  readonly handler?: (call: Call<Q, B>) => Result<S> | Promise<Result<S>>;
}

/** An endpoint, whatever it takes and gives. */
export interface Route extends RouteBase {
  readonly query?: QuerySchema;
  readonly body?: { readonly schema: BodySchema; readonly example: unknown };
  readonly answers: Readonly<Record<number, RouteAnswer<JsonSchema>>>;
  /** Gives the document to send; `undefined` once the reply has been sent. */
  readonly handle?: (request: FastifyRequest, reply: FastifyReply, services: ApiServices) => Promise<unknown>;
}

/** Defines an endpoint; `addRoutes` adds it to a service. */
export function defineRoute<
  const Q extends QuerySchema = QuerySchema,
  const B extends BodySchema = BodySchema,
  const S extends JsonSchema = never,
>({ handler, ...route }: RouteOptions<Q, B, S>): Route {
  if (!handler) return route;
  return {
    ...route,
    async handle(request, reply, services) {
      const query = readQuery(route.query, request.query);
      const body = readBody(route.body?.schema, request.body);
      return handler({ request, reply, services, query, body });
    },
  };
}

/** Who may keep an answer, and for how long. */
const CACHE_POLICIES = {
  /** Of one principal: nobody may keep it, and it is for nobody with another cookie or token. */
  noStore: { 'Cache-Control': 'private, no-store', Vary: 'Cookie, Authorization' },
  /** The same of `/metrics`, whose form depends on `Accept`. */
  noStoreByAccept: { 'Cache-Control': 'private, no-store', Vary: 'Accept, Cookie, Authorization' },
  /** For anyone, and old at once. */
  noStorePublic: { 'Cache-Control': 'no-store' },
  /** Changes with the version only, but somebody may be looking while it is deployed. */
  minutes: { 'Cache-Control': 'public, max-age=300' },
  /** Asked for again each time, and mostly answered by "as you have it". */
  revalidate: { 'Cache-Control': 'no-cache' },
  /** Its name has a hash of its content in it. */
  immutable: { 'Cache-Control': 'public, max-age=31536000, immutable' },
} as const;

export type CachePolicy = keyof typeof CACHE_POLICIES;

export function applyCachePolicy(reply: FastifyReply, policy: CachePolicy): FastifyReply {
  return reply.headers(CACHE_POLICIES[policy]);
}
