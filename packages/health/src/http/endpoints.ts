/**
 * Which path leads to which endpoint, and who may see it: everything that the adapters have in common.
 */
import { optionError } from 'portal-shared/check-options';
import { withTimeout } from 'portal-shared/with-timeout';
import { DEFAULTS } from '../defaults.js';
import type { Health } from '../health-type.js';
import {
  checkEndpointOptions,
  DEFAULT_PATHS,
  type Endpoint,
  type EndpointOptions,
  type EndpointPaths,
} from './endpoint-options.js';
import { createRouteNotes } from './taken-paths.js';
import { respond, type HealthRequest, type HealthResponse } from './respond.js';
import type { Report, Viewer } from '../types.js';

export type { EndpointOptions, EndpointPaths } from './endpoint-options.js';

/** The endpoints of one health, for an adapter to put into its framework. */
export interface Endpoints<Request> {
  /** Every open endpoint with its path, for frameworks that want to know them beforehand. */
  readonly paths: readonly string[];
  /** What is asked by a request line; `undefined` when it leads to no endpoint. */
  match(method: string, target: string, accept: string | undefined): HealthRequest | undefined;
  /** The answer; at once, unless a viewer or, after a pause, the probes have to be asked first. Never throws or rejects. */
  respond(question: HealthRequest, request: Request): HealthResponse | Promise<HealthResponse>;
  /** What is at `path`, one of `paths`. */
  at(path: string): Endpoint | undefined;
  /** Tells that the application has a route at `path`, one of `paths`: each once. */
  readonly noteRoute: (path: string) => void;
}

/** Those whose answer depends on who asks. */
const FOR_VIEWERS: ReadonlySet<Endpoint> = new Set(['health', 'metrics', 'reasons', 'statement'] as const);

/**
 * @throws TypeError when a path does not begin with a slash, or an option cannot be used
 */
export function createEndpoints<Request>(
  health: Health,
  options: EndpointOptions<Request> = {},
): Endpoints<Request> {
  if (typeof health?.report !== 'function') throw optionError('health', 'to be made by createHealth', health);
  checkEndpointOptions(options);
  const { prefix = '', viewer, viewerDeadlineMs = DEFAULTS.viewerDeadlineMs, onMethodNotAllowed } = options;
  const paths = viewer ? options.paths : { ...options.paths, reasons: null, statement: null };
  const endpoints = endpointsByPath(prefix, paths);
  /** What nearly everybody asks: `GET` of a path as it is written, without wishes. Made once. */
  const usual = new Map(
    Array.from(endpoints, ([path, endpoint]) => [path, Object.freeze(requestOf(endpoint, 'GET'))]),
  );

  /** The answer to a request without wishes, and the report that it was made of. */
  let last: { readonly report: Report; readonly response: HealthResponse } | undefined;

  function respondTo(request: HealthRequest, who: Viewer): HealthResponse {
    const response = respond(health, request, who);
    const correlationId = response.headers['X-Correlation-Id'];
    if (onMethodNotAllowed && response.status === 405 && correlationId !== undefined) {
      try {
        onMethodNotAllowed({ correlationId, method: request.method });
      } catch {
        // The listener is the application's own, and the response is made.
      }
    }
    return response;
  }

  function publicResponse(request: HealthRequest): HealthResponse {
    if (!isUsual(request)) return respondTo(request, 'public');
    const report = reportOrNone(health);
    if (report && report === last?.report) {
      health.noteRequest();
      return last.response;
    }
    const response = respondTo(request, 'public');
    if (report && report === reportOrNone(health)) last = { report, response };
    return response;
  }

  return {
    noteRoute: createRouteNotes(endpoints, options.onPathTaken),
    at: (path) => endpoints.get(path),
    paths: [...endpoints.keys()],
    match(method, target, accept) {
      const known = method === 'GET' && isAnything(accept) ? usual.get(target) : undefined;
      if (known) return known;
      const endpoint = endpoints.get(target) ?? endpoints.get(plainPath(target));
      return endpoint && requestOf(endpoint, method, accept, isVerbose(target));
    },
    respond(asked, request) {
      if (last && !viewer && isUsual(asked) && health.reportAgain() === last.report) return last.response;
      const caughtUp = asked.endpoint === 'health' ? health.caughtUp() : undefined;
      if (!viewer || !FOR_VIEWERS.has(asked.endpoint)) {
        return caughtUp ? caughtUp.then(() => publicResponse(asked)) : publicResponse(asked);
      }
      const who = viewerWithTimeout(viewerDeadlineMs, () => viewer(request));
      return Promise.all([who, caughtUp]).then(([one]) => forOneViewer(respondTo(asked, one)));
    },
  };
}

/** Every one with the same keys, so that code which reads them is compiled for one shape. */
function requestOf(endpoint: Endpoint, method: string, accept?: string, verbose = false): HealthRequest {
  return { endpoint, method, accept, verbose };
}

/** A request for the report without wishes. */
function isUsual({ endpoint, method, accept }: HealthRequest): boolean {
  return endpoint === 'health' && method === 'GET' && isAnything(accept);
}

function isAnything(accept: string | undefined): boolean {
  return accept === undefined || accept === '*/*';
}

/** `undefined` where it cannot be made, which is a bug of ours, and `respond` says what is known then. */
function reportOrNone(health: Health): Report | undefined {
  try {
    return health.report('public');
  } catch {
    return undefined;
  }
}

/** `admin` only when `ask` says so in time. */
async function viewerWithTimeout(deadlineMs: number, ask: () => unknown): Promise<Viewer> {
  try {
    const said = await withTimeout(Promise.resolve().then(ask), deadlineMs);
    return said === 'admin' ? 'admin' : 'public';
  } catch {
    return 'public';
  }
}

/** By which headers a viewer tells who asks. */
const WHO = 'Cookie, Authorization';

/** Where it matters who asks, no cache may hand the answer to somebody else, not even the public one. */
function forOneViewer(response: HealthResponse): HealthResponse {
  const { Vary: vary, ...headers } = response.headers;
  const by = vary === undefined || vary.includes('Cookie') ? (vary ?? WHO) : `${vary}, ${WHO}`;
  return { ...response, headers: { ...headers, 'Cache-Control': 'private, no-store', Vary: by } };
}

/**
 * The headers of `answer` for a response that middleware has given headers before: what it says of caches, such as
 * `Vary: Accept-Encoding`, holds beside what we say.
 */
export function headersBeside(answer: HealthResponse, earlierVary: unknown): HealthResponse['headers'] {
  const { headers } = answer;
  const earlier = Array.isArray(earlierVary) ? earlierVary.join(', ') : earlierVary;
  if (typeof earlier !== 'string' || earlier === '' || headers['Vary'] === undefined) return headers;
  return { ...headers, Vary: `${earlier}, ${headers['Vary']}` };
}

function endpointsByPath(prefix: string, paths: EndpointPaths = {}): ReadonlyMap<string, Endpoint> {
  const endpoints = new Map<string, Endpoint>();
  for (const endpoint of Object.keys(DEFAULT_PATHS) as Endpoint[]) {
    const { [endpoint]: path = DEFAULT_PATHS[endpoint] } = paths;
    if (path !== null) endpoints.set(plainPath(prefix + path), endpoint);
  }
  return endpoints;
}

/** Nothing in it that must not matter, as in nearly all that an application is asked for. */
const IS_PLAIN = /^(?:\/[^/?#]+)+$/;

/**
 * The path of a request target without what must not matter: query string, doubled slashes, a trailing slash, and
 * the scheme and host that a proxy may put in front.
 */
function plainPath(target: string): string {
  if (IS_PLAIN.test(target)) return target;
  const path = target
    .replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '')
    .replace(/[?#].*$/s, '')
    .replaceAll(/\/{2,}/g, '/');
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

function isVerbose(target: string): boolean {
  const query = target.indexOf('?');
  if (query === -1) return false;
  const verbose = new URLSearchParams(target.slice(query + 1)).get('verbose');
  return verbose !== null && verbose !== '0' && verbose !== 'false';
}
