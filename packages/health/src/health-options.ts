/**
 * What `createHealth` is given: the options, and their defaults filled in.
 */
import { DEFAULTS } from './defaults.js';
import { LONGEST_TIMER_MS } from 'portal-shared/check-options';
import type { IdentityOptions } from './identity.js';
import type { Check } from './probes/custom.js';
import type { PostgresPool } from './probes/postgres/postgres.js';
import type { PostgresJsFunction } from './probes/postgres/postgres-js.js';
import type { WritesOptions } from './probes/postgres/postgres-writes.js';
import type { RedisClient } from './probes/redis/redis.js';
import type { Ready } from './readiness.js';
import type { DatabaseExplainOptions, ProcessOptions } from './reasons/explain-options.js';
import type { Pace } from './sampler.js';
import type { HealthSource } from './source-option.js';
import type { ProblemCode } from './problems.js';
import type { Cause, Report, Status } from './types.js';

/** How a probe is sampled; every field has a default. */
export interface SamplingOptions {
  /** Milliseconds between two runs while somebody looks or something is not up; default 2,000. */
  readonly intervalMs?: number;
  /** Milliseconds between two runs while all is well and nobody looks; default five times `intervalMs`. */
  readonly idleIntervalMs?: number;
  /** Fraction of the interval, 0 to 1, by which each run is moved at random; default 0.1. */
  readonly jitter?: number;
  /** Milliseconds after which a run is ended and counts as down; default 1,000. */
  readonly deadlineMs?: number;
  /** Milliseconds from which an answer counts as slow, which degrades; default 500. */
  readonly slowMs?: number;
}

/** What there is, or nothing while the application has not made it yet. */
type Given<Value> = Value | null | undefined;
/** Asked again in every run, so that what is made later, or made anew, is followed. */
type Giver<Value> = () => Given<Value> | Promise<Given<Value>>;

/** The application's database: its own pool, which is read but never borrowed from. */
export interface DatabaseOptions extends SamplingOptions {
  /** The pool, or a function that gives it once there is one. */
  readonly pool: PostgresPool | Giver<PostgresPool>;
  /** The function that postgres.js exports, when `pool` was made by it: `import postgres from 'postgres'`. */
  readonly postgres?: PostgresJsFunction;
  /** Whether the application is unhealthy without it; default true. */
  readonly critical?: boolean;
  /** Whether it refuses writes on purpose, as a replica does; default false. */
  readonly readOnly?: boolean;
  /** Whether to write a little into a table of our own, once a minute: it finds a full disk. Default false. */
  readonly writes?: boolean | WritesOptions;
  /** Whether to ask a question through the pool of postgres.js, one at most: it finds a stuck one. Default false. */
  readonly canary?: boolean;
  /** Milliseconds that callers wait for a connection before `DATABASE_POOL_SATURATED`; default 1,000. */
  readonly poolSaturatedAfterMs?: number;
  /** Milliseconds of callers waiting and none served before `DATABASE_POOL_STALLED`; default 10,000. */
  readonly poolStalledAfterMs?: number;
  /**
   * Whether to look for why it is unwell and who causes it, for administrators alone: who holds the connections of the pool
   * and the locks of the server. Default false.
   */
  readonly explain?: boolean | DatabaseExplainOptions;
}

/** The application's cache. `client: null` says: there should be one, and none is configured. */
export interface CacheOptions extends SamplingOptions {
  /** The client, or a function that gives it once there is one. */
  readonly client: RedisClient | Giver<RedisClient> | null;
  /** Whether the application is unhealthy without it; default false. */
  readonly critical?: boolean;
  /** Whether it refuses writes on purpose, as a replica does; default false. */
  readonly readOnly?: boolean;
  /** Whether to tell administrators why it is unwell, by what its probe reads anyway; default false. */
  readonly explain?: boolean;
}

/** A check of your own, with options. */
export interface CheckOptions extends SamplingOptions {
  readonly check: Check;
  /** Whether the application is unhealthy without it; default false. */
  readonly critical?: boolean;
}

/** A probe that did not find its part simply up, or has a remark; a problem of the source that is new: for your log. */
export interface Failure {
  /** `database`, `cache`, `source` or the name that you have given. */
  readonly name: string;
  readonly problems: readonly string[];
  /** What is worth a line and is no problem, such as figures that are hidden. */
  readonly remarks: readonly string[];
  /**
   * The driver's words; its message can hold pieces of a password and is for level `debug` only. Of a source, why: its
   * message can hold the name of a file.
   */
  readonly cause: Cause | undefined;
}

/** A report, with the codes that its `errors` are the sentences of. */
export interface ReportEvent {
  readonly report: Report;
  /** Each once, in the order of the catalogue, whichever component has it. */
  readonly codes: readonly ProblemCode[];
}

/** A change of the status, with the public report. */
export interface StatusChange extends ReportEvent {
  /** `null` for the first status there is. */
  readonly from: Status | null;
  readonly to: Status;
}

/** Everything `createHealth` can be told. What is left out is not watched and does not count. */
export interface HealthOptions extends IdentityOptions {
  readonly database?: DatabaseOptions;
  readonly cache?: CacheOptions;
  /** Further databases by name; the name appears in `errors`, metrics and `?verbose` and must be fit for the public. */
  readonly databases?: Readonly<Record<string, DatabaseOptions>>;
  /** Further caches by name, as databases. */
  readonly caches?: Readonly<Record<string, CacheOptions>>;
  /** Checks of your own by name, as databases. */
  readonly checks?: Readonly<Record<string, Check | CheckOptions>>;
  /**
   * The running source, hashed before `start()` is kept: `watchSource()` of portal-integrity, or any object of its shape.
   * It is started and closed together with the rest.
   */
  readonly source?: HealthSource;
  readonly process?: ProcessOptions;
  /**
   * When `/readyz` says no besides before the first report, while draining and in this process's own trouble: `own`, never;
   * `critical`, also after three failed runs in a row of a critical part. Default `own`.
   */
  readonly ready?: Ready;
  /** Milliseconds by which the event loop may be late before `EVENT_LOOP_DELAYED`; default 500. */
  readonly eventLoopDelayedAfterMs?: number;
  /** Start of the service; default the moment of the call. */
  readonly startedAt?: Date;
  /** Told after every run that did not find its part simply up, and of each problem of the source once. */
  readonly onFailure?: (failure: Failure) => void;
  /** Told of every change of the status. */
  readonly onStatusChange?: (change: StatusChange) => void;
  /** Called with the administrator's report after every run, once every component has had one: for a history. */
  readonly onReport?: (event: ReportEvent) => void;
}

/** The pace of a probe, defaults filled in. */
export function paceOf(options: SamplingOptions): Pace {
  const { intervalMs = DEFAULTS.intervalMs } = options;
  return {
    intervalMs,
    idleIntervalMs: options.idleIntervalMs ?? Math.min(intervalMs * DEFAULTS.idleIntervals, LONGEST_TIMER_MS),
    jitter: options.jitter ?? DEFAULTS.jitter,
    deadlineMs: options.deadlineMs ?? DEFAULTS.deadlineMs,
    staleAfterIntervals: DEFAULTS.staleAfterIntervals,
  };
}
