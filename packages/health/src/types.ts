/**
 * The vocabulary of the library: what a probe finds, what a report says, who may see it.
 * Types only, so that every other file may import it.
 */
import type { ProblemCode, RemarkCode } from './problems.js';
import type { RunClock } from './run-clock.js';

/** The verdict over everything, as published. */
export type Status = 'healthy' | 'degraded' | 'unhealthy';

/**
 * How one part stands: `slow` is up but over its threshold; `limited` is a database that a fresh connection finds down while
 * the application's pool is complete and being served; `stale` is no fresh result within three intervals.
 */
export type State = 'up' | 'slow' | 'limited' | 'down' | 'stale';

/** Who asks. An administrator sees `source_hash`; the public does not. */
export type Viewer = 'public' | 'admin';

/**
 * What one run of a probe found. A value in every case: a probe that fails resolves with `down`.
 *
 * @typeParam Figures - what the probe read besides, e.g. the cache's `INFO`
 */
export interface Outcome<Figures = undefined> {
  readonly state: Exclude<State, 'limited' | 'stale'>;
  /**
   * Round trip of the probe's question in milliseconds, as this process has seen it: turns of its own busy event loop are
   * part of it. `null` when there was no answer.
   */
  readonly latencyMs: number | null;
  /** Why it is not simply `up`, the cause first; codes of the closed catalogue. */
  readonly problems: readonly ProblemCode[];
  /**
   * Present when something in this process kept the run from finding out (`THREAD_POOL_BUSY`, `NAME_LOOKUP`, …): no
   * evidence about the part, whose last real outcome stays until it is stale. `state` says nothing then.
   */
  readonly isOwnProblem?: true;
  /** Present when the run before has not ended yet and none was begun: the last outcome stands, and its age grows. */
  readonly unfinished?: true;
  /** What is worth a line in a log and has no effect on the status. */
  readonly remarks?: readonly RemarkCode[];
  /** What its connection has shown, of a probe that makes one. */
  readonly connection?: ConnectionFacts;
  /** What was read besides; absent when nothing was. */
  readonly figures?: Figures;
  /**
   * For the log of the application only, never for a client: a driver's code (`ECONNREFUSED`, an SQLSTATE) and,
   * apart from it, the driver's message, which can hold pieces of a password.
   */
  readonly cause?: Cause;
}

/** What the connection of a probe shows besides the answer. `null`: there was none, or it cannot be seen. */
export interface ConnectionFacts {
  /** Until when the server's certificate holds, in milliseconds since 1970. */
  readonly certificateEndsAtMs: number | null;
  /** Milliseconds that the look-up of the server's name took. */
  readonly lookUpMs: number | null;
}

/** Why a probe failed, in the driver's words. Never leaves the process but by the application's log. */
export interface Cause {
  /** Safe to log: letters, digits and underscores only. */
  readonly code: string;
  /** Not safe above level `debug`. */
  readonly message: string;
}

/**
 * One question, asked over and over by a sampler.
 *
 * `run` must end soon after `signal` aborts, with its connection destroyed; what it returns then is discarded.
 */
export interface Probe<Figures = undefined> {
  /** `database`, `cache`, or the name of a check of your own. */
  readonly name: string;
  run(signal: AbortSignal, clock: RunClock): Promise<Outcome<Figures>>;
  /**
   * The outcome when the deadline passed, when this process was too busy to tell (`hindered`), or when `run` threw, which is
   * a bug, turned into a value here.
   */
  failed(reason: 'timeout' | 'hindered' | 'threw', error?: unknown): Outcome<Figures>;
  /** Lets go of what it holds between runs; absent from a probe that holds nothing. */
  close?(): Promise<void>;
}

/** The application's own connection pool, in the published page's words. `null` is "not measured", never 0. */
export interface DatabaseStatistics {
  /** Configured size of the pool, in connections. */
  readonly size: number | null;
  /** Idle connections. */
  readonly checked_in: number | null;
  /** Connections in use, those still connecting included. `checked_in + checked_out = total`. */
  readonly checked_out: number | null;
  /** `max(0, total − size)`. */
  readonly overflow: number | null;
  readonly total: number | null;
  /** Round trip of the last probe in milliseconds, one decimal. */
  readonly latency_ms: number | null;
}

/** The cache server's own figures, from one `INFO`; summed over all masters of a cluster. */
export interface CacheStatistics {
  readonly memory_usage_bytes: number | null;
  readonly total_keys: number | null;
  readonly connected_clients: number | null;
  readonly uptime_seconds: number | null;
  readonly evicted_keys: number | null;
  /** Percent, 0 to 100, one decimal: hits ÷ (hits + misses); `null` before the first look-up. */
  readonly hit_rate: number | null;
  readonly total_commands_processed: number | null;
  /** Round trip of the last probe in milliseconds, one decimal. */
  readonly latency_ms: number | null;
}

/** The published document, keys in the published order. `source_hash` is there for an administrator only. */
export interface Report {
  readonly status: Status;
  /** Connectivity; of several, whether all answer. `null` when none is watched. */
  readonly database: boolean | null;
  readonly cache: boolean | null;
  /** ISO 8601, UTC, whole seconds: `2026-03-01T00:00:00Z`. */
  readonly started_at: string;
  readonly db_statistics: DatabaseStatistics;
  readonly cache_statistics: CacheStatistics;
  /** 64 lower-case hexadecimal digits; `null` while the first hash is still being computed, or could not be. */
  readonly source_hash?: string | null;
  /** One sentence of the catalogue a cause, as `<sentence> (<CODE>)`; empty when there is none. */
  readonly errors: readonly string[];
}
