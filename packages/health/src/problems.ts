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
export interface Problem<Sentence extends string = string, Does extends Effect = Effect> {
  readonly sentence: Sentence;
  readonly effect: Does;
}

function explains<Sentence extends string>(sentence: Sentence): Problem<Sentence, 'explains'> {
  return { sentence, effect: 'explains' };
}

function degrades<Sentence extends string>(sentence: Sentence): Problem<Sentence, 'degrades'> {
  return { sentence, effect: 'degrades' };
}

function fails<Sentence extends string>(sentence: Sentence): Problem<Sentence, 'fails'> {
  return { sentence, effect: 'fails' };
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
  DATABASE_UNREACHABLE: explains('The database cannot be reached'),
  DATABASE_TIMEOUT: explains('The database does not answer in time'),
  DATABASE_CERTIFICATE: explains('The certificate of the database is not accepted'),
  DATABASE_REFUSED_LOGIN: explains('The database refuses the login'),
  DATABASE_TOO_MANY_CONNECTIONS: explains('The database accepts no more connections'),
  DATABASE_STARTING: explains('The database is starting up or shutting down'),
  DATABASE_NOT_READY: explains('The application has no open pool for the database'),
  DATABASE_FAILED: explains('The database answers with an error'),
  DATABASE_SLOW: explains('The database answers slowly'),
  DATABASE_READ_ONLY: degrades('The database refuses writes'),
  DATABASE_WRITES_FAIL: degrades('The database fails to write'),
  DATABASE_DISK_FULL: degrades('The disk of the database is full'),
  DATABASE_OUT_OF_MEMORY: degrades('The database is out of memory'),
  DATABASE_CHECKSUM_FAILURE: degrades('Pages of the database are damaged'),
  DATABASE_POOL_SATURATED: degrades('All connections of the pool are in use and callers wait'),
  DATABASE_POOL_STALLED: fails('Callers wait for a connection and none has been returned for a while'),
  CACHE_UNREACHABLE: explains('The cache cannot be reached'),
  CACHE_TIMEOUT: explains('The cache does not answer in time'),
  CACHE_CERTIFICATE: explains('The certificate of the cache is not accepted'),
  CACHE_REFUSED_LOGIN: explains('The cache refuses the login'),
  CACHE_TOO_MANY_CONNECTIONS: explains('The cache accepts no more connections'),
  CACHE_LOADING: explains('The cache is loading its data'),
  CACHE_NOT_READY: explains('The application has no open client for the cache'),
  CACHE_FAILED: explains('The cache answers with an error'),
  CACHE_SLOW: explains('The cache answers slowly'),
  CACHE_READ_ONLY: degrades('The cache refuses writes'),
  CACHE_OUT_OF_MEMORY: degrades('The cache is out of memory and refuses writes'),
  CACHE_WRITES_REFUSED: degrades('The cache refuses writes because of its own trouble'),
  CACHE_CLUSTER_DOWN: degrades('The cluster of the cache is down'),
  CACHE_NOT_CONFIGURED: degrades('No cache is configured'),
  SOURCE_DRIFTED: degrades('The source on disk is not the source that was started'),
  SOURCE_MISMATCH: degrades('The running source is not the source that was released'),
  SOURCE_LOADED_DIFFERS: degrades('The source in memory is not the source on disk'),
  SOURCE_UNREADABLE: degrades('The source cannot be read'),
  CHECK_FAILED: explains('A check of the application failed'),
  CHECK_TIMEOUT: explains('A check of the application did not end in time'),
  CHECK_SLOW: explains('A check of the application answers slowly'),
  CHECK_STALE: explains('A check has no fresh result'),
  EVENT_LOOP_DELAYED: degrades('The event loop of the service is blocked'),
  THREAD_POOL_BUSY: degrades('The thread pool of the service is busy'),
  NAME_LOOKUP: degrades('The name of a server cannot be looked up'),
  PASSWORD_UNAVAILABLE: degrades('The password for a server cannot be had'),
  PROCESS_OUT_OF_DESCRIPTORS: degrades('The service can open no more connections'),
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
