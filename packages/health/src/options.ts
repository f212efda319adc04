/**
 * What `createHealth` is given: the options, their defaults filled in, each checked once at construction.
 */
import { DEFAULTS } from './defaults.js';
import { expected } from './expected.js';
import type { Check } from './probes/custom.js';
import type { PostgresPool } from './probes/postgres.js';
import type { PostgresJsFunction } from './probes/postgres-js.js';
import type { WritesOptions } from './probes/postgres-writes.js';
import type { RedisClient } from './probes/redis.js';
import type { Pace } from './sampler.js';
import type { SourceOptions } from './source/source.js';
import type { Cause, Report, Status } from './types.js';

export { expected } from './expected.js';

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

/** The application's database: its own pool, which is read but never borrowed from. */
export interface DatabaseOptions extends SamplingOptions {
  readonly pool: PostgresPool;
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
  /** Milliseconds of all connections in use and callers waiting before `DATABASE_POOL_SATURATED`; default 1,000. */
  readonly poolSaturatedAfterMs?: number;
  /** Milliseconds of callers waiting and none served before `DATABASE_POOL_STALLED`; default 10,000. */
  readonly poolStalledAfterMs?: number;
}

/** The application's cache. `client: null` says: there should be one, and none is configured. */
export interface CacheOptions extends SamplingOptions {
  readonly client: RedisClient | null;
  /** Whether the application is unhealthy without it; default false. */
  readonly critical?: boolean;
  /** Whether it refuses writes on purpose, as a replica does; default false. */
  readonly readOnly?: boolean;
}

/** A check of your own, with options. */
export interface CheckOptions extends SamplingOptions {
  readonly check: Check;
  /** Whether the application is unhealthy without it; default false. */
  readonly critical?: boolean;
}

/** A probe that did not find its part simply up: for the log of the application. */
export interface Failure {
  /** `database`, `cache` or the name of the check. */
  readonly name: string;
  readonly problems: readonly string[];
  /** The driver's words; its message can hold pieces of a password and is for level `debug` only. */
  readonly cause: Cause | undefined;
}

/** A change of the status, told when an outcome brings it about. */
export interface StatusChange {
  /** `null` for the first status there is. */
  readonly from: Status | null;
  readonly to: Status;
  readonly report: Report;
}

/** Everything `createHealth` can be told. What is left out is not watched and does not count. */
export interface HealthOptions {
  readonly database?: DatabaseOptions;
  readonly cache?: CacheOptions;
  /** Checks of your own by name; the name appears in `?verbose` of the probes and must be fit for the public. */
  readonly checks?: Readonly<Record<string, Check | CheckOptions>>;
  /** The source to hash before the service counts as started. */
  readonly source?: SourceOptions;
  /** Milliseconds by which the event loop may be late before `EVENT_LOOP_DELAYED`; default 500. */
  readonly eventLoopDelayedAfterMs?: number;
  /** Start of the service; default the moment of the call. */
  readonly startedAt?: Date;
  /** Told after every run that did not find its part simply up. */
  readonly onFailure?: (failure: Failure) => void;
  /** Told of every change of the status. */
  readonly onStatusChange?: (change: StatusChange) => void;
  /** Told of the administrator's report after every run, once everything has been looked at: for a history. */
  readonly onReport?: (report: Report) => void;
}

const SAMPLING = ['intervalMs', 'idleIntervalMs', 'jitter', 'deadlineMs', 'slowMs'];
const KNOWN = {
  health: [
    'database',
    'cache',
    'checks',
    'source',
    'eventLoopDelayedAfterMs',
    'startedAt',
    'onFailure',
    'onStatusChange',
    'onReport',
  ],
  database: [
    ...SAMPLING,
    'pool',
    'postgres',
    'critical',
    'readOnly',
    'writes',
    'canary',
    'poolSaturatedAfterMs',
    'poolStalledAfterMs',
  ],
  writes: ['intervalMs', 'deadlineMs', 'table', 'create'],
  cache: [...SAMPLING, 'client', 'critical', 'readOnly'],
  check: [...SAMPLING, 'check', 'critical'],
};

/** A check name must be readable on one line and hold nothing that needs escaping in any format. */
const CHECK_NAME = /^[a-z][a-z0-9_-]{0,31}$/;

/** Throws a `TypeError` that names option, rule and value unless every option is one that we know and can use. */
export function checkHealthOptions(options: HealthOptions): void {
  expectKnown('createHealth', options, KNOWN.health);
  if (options.database !== undefined) {
    expectKnown('database', options.database, KNOWN.database);
    checkSampling('database', options.database);
    expectBoolean('database.critical', options.database.critical);
    expectBoolean('database.readOnly', options.database.readOnly);
    expectBoolean('database.canary', options.database.canary);
    checkWrites(options.database.writes);
    expectMilliseconds('database.poolSaturatedAfterMs', options.database.poolSaturatedAfterMs);
    expectMilliseconds('database.poolStalledAfterMs', options.database.poolStalledAfterMs);
  }
  if (options.cache !== undefined) {
    expectKnown('cache', options.cache, KNOWN.cache);
    checkSampling('cache', options.cache);
    expectBoolean('cache.critical', options.cache.critical);
    expectBoolean('cache.readOnly', options.cache.readOnly);
  }
  for (const [name, entry] of Object.entries(options.checks ?? {})) {
    if (!CHECK_NAME.test(name) || name === 'database' || name === 'cache') {
      throw expected(
        `checks.${name}`,
        `to have a name other than database and cache that matches ${CHECK_NAME}`,
        name,
      );
    }
    if (typeof entry === 'function') continue;
    expectKnown(`checks.${name}`, entry, KNOWN.check);
    checkSampling(`checks.${name}`, entry);
    expectBoolean(`checks.${name}.critical`, entry.critical);
  }
  expectMilliseconds('eventLoopDelayedAfterMs', options.eventLoopDelayedAfterMs);
  if (
    options.startedAt !== undefined &&
    !(options.startedAt instanceof Date && options.startedAt.getTime() > 0)
  ) {
    throw expected('startedAt', 'to be a valid Date', options.startedAt);
  }
  expectFunction('onFailure', options.onFailure);
  expectFunction('onStatusChange', options.onStatusChange);
  expectFunction('onReport', options.onReport);
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

function checkSampling(name: string, options: SamplingOptions): void {
  expectMilliseconds(`${name}.intervalMs`, options.intervalMs);
  expectMilliseconds(`${name}.idleIntervalMs`, options.idleIntervalMs);
  const { intervalMs, idleIntervalMs } = paceOf(options);
  if (idleIntervalMs < intervalMs) {
    throw expected(`${name}.idleIntervalMs`, `to be at least \`intervalMs\`, ${intervalMs}`, idleIntervalMs);
  }
  expectMilliseconds(`${name}.deadlineMs`, options.deadlineMs);
  expectMilliseconds(`${name}.slowMs`, options.slowMs);
  const { jitter } = options;
  if (jitter !== undefined && !(typeof jitter === 'number' && jitter >= 0 && jitter <= 1)) {
    throw expected(`${name}.jitter`, 'to be a number from 0 to 1', jitter);
  }
}

/** A name that needs no quoting, or one with its schema before it. */
const TABLE_NAME = /^([a-z_][a-z0-9_]{0,62}\.)?[a-z_][a-z0-9_]{0,62}$/;

function checkWrites(writes: unknown): void {
  if (writes === undefined || typeof writes === 'boolean') return;
  expectKnown('database.writes', writes, KNOWN.writes);
  const { intervalMs, deadlineMs, table, create } = writes as WritesOptions;
  expectBoolean('database.writes.create', create);
  expectMilliseconds('database.writes.intervalMs', intervalMs);
  expectMilliseconds('database.writes.deadlineMs', deadlineMs);
  if (table !== undefined && !(typeof table === 'string' && TABLE_NAME.test(table))) {
    throw expected('database.writes.table', `to match ${TABLE_NAME}`, table);
  }
}

function expectKnown(name: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null) throw expected(name, 'to be an object', options);
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) throw expected(name, `to be among ${known.join(', ')}`, key);
  }
}

/** Timers of Node count in 32 bits; longer ones fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

function expectMilliseconds(name: string, value: unknown): void {
  if (value === undefined) return;
  if (typeof value !== 'number' || !(value > 0) || value > LONGEST_TIMER_MS) {
    throw expected(name, `to be a positive number of milliseconds up to ${LONGEST_TIMER_MS}`, value);
  }
}

function expectBoolean(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'boolean') throw expected(name, 'to be true or false', value);
}

function expectFunction(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function') throw expected(name, 'to be a function', value);
}
