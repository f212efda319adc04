/**
 * The closed catalogue of problems: every sentence that can ever appear in `errors`, and what it does to the status.
 * Nothing of a driver's own message, host, port, user, database, path or SQL is part of any of them.
 */

/** What a problem does to the status beyond the state of its probe. */
export type Effect =
  /** Explains a state that already counts (`down`, `slow`, `stale`); adds nothing of its own. */
  | 'explains'
  /** A finding about something that is up: at least degraded. */
  | 'degrades'
  /** A finding about something that is up and yet of no use: unhealthy. */
  | 'fails';

/** A catalogue entry: the fixed sentence and its effect. */
export interface Problem {
  readonly sentence: string;
  readonly effect: Effect;
}

/**
 * Every problem there is, in the order in which `errors` lists them.
 *
 * @example
 * ```ts
 * import { PROBLEMS } from 'portal-health';
 *
 * PROBLEMS.DATABASE_TIMEOUT.effect; // 'explains'
 * ```
 */
export const PROBLEMS = {
  DATABASE_UNREACHABLE: { sentence: 'The database cannot be reached', effect: 'explains' },
  DATABASE_TIMEOUT: { sentence: 'The database does not answer in time', effect: 'explains' },
  DATABASE_CERTIFICATE: { sentence: 'The certificate of the database is not accepted', effect: 'explains' },
  DATABASE_REFUSED_LOGIN: { sentence: 'The database refuses the login', effect: 'explains' },
  DATABASE_TOO_MANY_CONNECTIONS: { sentence: 'The database accepts no more connections', effect: 'explains' },
  DATABASE_STARTING: { sentence: 'The database is starting up or shutting down', effect: 'explains' },
  DATABASE_NOT_READY: {
    sentence: 'The application has no open pool for the database',
    effect: 'explains',
  },
  DATABASE_FAILED: { sentence: 'The database answers with an error', effect: 'explains' },
  DATABASE_SLOW: { sentence: 'The database answers slowly', effect: 'explains' },
  DATABASE_READ_ONLY: { sentence: 'The database refuses writes', effect: 'degrades' },
  DATABASE_WRITES_FAIL: { sentence: 'The database fails to write', effect: 'degrades' },
  DATABASE_DISK_FULL: { sentence: 'The disk of the database is full', effect: 'degrades' },
  DATABASE_OUT_OF_MEMORY: { sentence: 'The database is out of memory', effect: 'degrades' },
  DATABASE_CHECKSUM_FAILURE: { sentence: 'Pages of the database are damaged', effect: 'degrades' },
  DATABASE_POOL_SATURATED: {
    sentence: 'All connections of the pool are in use and callers wait',
    effect: 'degrades',
  },
  DATABASE_POOL_STALLED: {
    sentence: 'Callers wait for a connection and none has been returned for a while',
    effect: 'fails',
  },
  CACHE_UNREACHABLE: { sentence: 'The cache cannot be reached', effect: 'explains' },
  CACHE_TIMEOUT: { sentence: 'The cache does not answer in time', effect: 'explains' },
  CACHE_CERTIFICATE: { sentence: 'The certificate of the cache is not accepted', effect: 'explains' },
  CACHE_REFUSED_LOGIN: { sentence: 'The cache refuses the login', effect: 'explains' },
  CACHE_TOO_MANY_CONNECTIONS: { sentence: 'The cache accepts no more connections', effect: 'explains' },
  CACHE_LOADING: { sentence: 'The cache is loading its data', effect: 'explains' },
  CACHE_NOT_READY: {
    sentence: 'The application has no open client for the cache',
    effect: 'explains',
  },
  CACHE_FAILED: { sentence: 'The cache answers with an error', effect: 'explains' },
  CACHE_SLOW: { sentence: 'The cache answers slowly', effect: 'explains' },
  CACHE_READ_ONLY: { sentence: 'The cache refuses writes', effect: 'degrades' },
  CACHE_OUT_OF_MEMORY: { sentence: 'The cache is out of memory and refuses writes', effect: 'degrades' },
  CACHE_WRITES_REFUSED: {
    sentence: 'The cache refuses writes because of its own trouble',
    effect: 'degrades',
  },
  CACHE_CLUSTER_DOWN: { sentence: 'The cluster of the cache is down', effect: 'degrades' },
  CACHE_NOT_CONFIGURED: { sentence: 'No cache is configured', effect: 'degrades' },
  SOURCE_DRIFTED: { sentence: 'The source on disk is not the source that was started', effect: 'degrades' },
  SOURCE_MISMATCH: { sentence: 'The running source is not the source that was released', effect: 'degrades' },
  SOURCE_LOADED_DIFFERS: {
    sentence: 'The source in memory is not the source on disk',
    effect: 'degrades',
  },
  SOURCE_UNREADABLE: { sentence: 'The source cannot be read', effect: 'degrades' },
  CHECK_FAILED: { sentence: 'A check of the application failed', effect: 'explains' },
  CHECK_TIMEOUT: { sentence: 'A check of the application did not end in time', effect: 'explains' },
  CHECK_SLOW: { sentence: 'A check of the application answers slowly', effect: 'explains' },
  CHECK_STALE: { sentence: 'A check has no fresh result', effect: 'explains' },
  EVENT_LOOP_DELAYED: { sentence: 'The event loop of the service is blocked', effect: 'degrades' },
  THREAD_POOL_BUSY: { sentence: 'The thread pool of the service is busy', effect: 'degrades' },
  NAME_LOOKUP: { sentence: 'The name of a server cannot be looked up', effect: 'degrades' },
  PASSWORD_UNAVAILABLE: { sentence: 'The password for a server cannot be had', effect: 'degrades' },
  PROCESS_OUT_OF_DESCRIPTORS: { sentence: 'The service can open no more connections', effect: 'degrades' },
} as const satisfies Record<string, Problem>;

/** A code of the catalogue: stable, for machines. */
export type ProblemCode = keyof typeof PROBLEMS;

/** What is worth a line in the log and in `?verbose`, has no effect on the status and is in no `errors`. */
export const REMARKS = {
  CACHE_FIGURES_HIDDEN: 'The cache answers and does not tell its figures',
  DATABASE_WRITES_UNKNOWN: 'Whether the database writes is not known: our own table may not be written',
  CACHE_NOT_SAVED: 'The last save of the cache failed, so it may refuse writes',
} as const satisfies Record<string, string>;

/** A code of a remark: stable, for machines. */
export type RemarkCode = keyof typeof REMARKS;

/** The catalogue's order of a code; `errors` is sorted by it. */
const ORDER = new Map(Object.keys(PROBLEMS).map((code, index) => [code, index]));

/** The entry of `errors` for a code: `<sentence> (<CODE>)`. */
export function describe(code: ProblemCode): string {
  return `${PROBLEMS[code].sentence} (${code})`;
}

/** Each code once, in the catalogue's order. */
export function inOrder(codes: Iterable<ProblemCode>): ProblemCode[] {
  return [...new Set(codes)].toSorted((a, b) => (ORDER.get(a) ?? 0) - (ORDER.get(b) ?? 0));
}
