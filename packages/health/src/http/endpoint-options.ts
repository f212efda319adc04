/**
 * What the endpoints can be told, wherever they answer: in the application, or on a port of their own.
 */
import type { IncomingMessage } from 'node:http';
import {
  checkOptions,
  FUNCTION,
  MILLISECONDS,
  OBJECT,
  optional,
  required,
  type OptionRule,
  type Rules,
} from 'portal-shared/check-options';

/**
 * What can be asked: the report, the same as metrics, why things are unwell, which release
 * was signed, or one of the three probes of an orchestrator.
 */
export type Endpoint = 'health' | 'metrics' | 'reasons' | 'statement' | 'livez' | 'readyz' | 'startupz';

/** Where each endpoint is; leave one out to keep it where it is, `null` closes it. */
export type EndpointPaths = Readonly<Partial<Record<Endpoint, string | null>>>;

/** An endpoint that stands before a route of the application's own. */
export interface PathConflict {
  readonly endpoint: Endpoint;
  /** As the application has it: `/metrics`. */
  readonly path: string;
}

/**
 * What the endpoints can be told.
 *
 * @typeParam Request - a request, in the words of the framework
 */
export interface EndpointOptions<Request = unknown> {
  /**
   * Default: `/health`, `/metrics`, `/livez`, `/readyz` and `/startupz`; and with a `viewer` also `/health/reasons` and
   * `/health/statement`, which are found by nobody but administrators.
   */
  readonly paths?: EndpointPaths;
  /** What stands before every path, such as `/internal`; for whoever does not take it off on the way here. */
  readonly prefix?: string;
  /**
   * Who asks for the report, the metrics, the reasons or the statement. It may be asynchronous; one that throws, hangs or answers anything
   * but `admin` means `public`. Without it everybody is.
   */
  readonly viewer?: (request: Request) => unknown;
  /** Milliseconds that `viewer` has; default 200. */
  readonly viewerDeadlineMs?: number;
  /** Told of every method that was refused, for the log: its answer carries the same id. */
  readonly onMethodNotAllowed?: (refusal: {
    readonly correlationId: string;
    readonly method: string;
  }) => void;
  /**
   * Told, once each, of the endpoints that stand before a route of the application's own, as far as the framework lets it
   * be known. Default: a warning of the process, with the code `PORTAL_HEALTH_PATH_TAKEN`.
   */
  readonly onPathTaken?: (conflict: PathConflict) => void;
}

/** Where `health.listen()` listens, and what its endpoints are told. */
export interface ListenOptions extends Omit<EndpointOptions<IncomingMessage>, 'onPathTaken'> {
  /** 0 takes any that is free. */
  readonly port: number;
  /** Name or address of this machine; default: every address, as an orchestrator asks from outside. */
  readonly host?: string;
}

/** A port of its own, on which the endpoints answer. */
export interface HealthServer {
  /** The address it listens on, such as `::` or `127.0.0.1`. */
  readonly address: string;
  readonly port: number;
  /** Where this machine finds it: `http://127.0.0.1:9090`. */
  readonly url: string;
  /** Stops listening, and ends the connections. `health.close()` does it, too. */
  close(): Promise<void>;
}

export const DEFAULT_PATHS = {
  health: '/health',
  metrics: '/metrics',
  reasons: '/health/reasons',
  statement: '/health/statement',
  livez: '/livez',
  readyz: '/readyz',
  startupz: '/startupz',
} as const satisfies Record<Endpoint, string>;

const SLASH = 'to begin with a slash';
const PATH = optional(
  SLASH,
  (value) => value === null || (typeof value === 'string' && value.startsWith('/')),
);
const PATHS: Rules<EndpointPaths> = {
  health: PATH,
  metrics: PATH,
  reasons: PATH,
  statement: PATH,
  livez: PATH,
  readyz: PATH,
  startupz: PATH,
};
const ENDPOINTS: Rules<EndpointOptions> = {
  paths: OBJECT,
  prefix: optional(SLASH, (value) => typeof value === 'string' && /^(\/|$)/.test(value)),
  viewer: FUNCTION,
  viewerDeadlineMs: MILLISECONDS,
  onMethodNotAllowed: FUNCTION,
  onPathTaken: FUNCTION,
};
const { onPathTaken: _, ...OWN_ENDPOINTS } = ENDPOINTS;
const LARGEST_PORT = 65_535;
const LISTEN: Rules<ListenOptions> = {
  port: required(
    `to be a whole number from 0 to ${LARGEST_PORT}`,
    (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= LARGEST_PORT,
  ),
  host: optional(
    'to be a name or an address of this machine',
    (value) => typeof value === 'string' && value !== '',
  ),
  ...OWN_ENDPOINTS,
};

/**
 * @param own - rules for what an adapter takes besides, so that whoever misspells one is told of all
 * @throws TypeError naming option, rule and value
 */
export function checkEndpointOptions(options: unknown, own: Readonly<Record<string, OptionRule>> = {}): void {
  checkOptions<EndpointOptions>(options, { ...ENDPOINTS, ...own });
  if (options.paths !== undefined) checkOptions(options.paths, PATHS, 'paths');
}

/** @throws TypeError naming option, rule and value */
export function checkListenOptions(options: unknown): void {
  checkOptions(options, LISTEN);
  if (options.paths !== undefined) checkOptions(options.paths, PATHS, 'paths');
}
