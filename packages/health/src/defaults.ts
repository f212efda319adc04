/**
 * Every number that the library chooses for you, once, with its reason.
 */

/** What holds where nothing else is said. */
export const DEFAULTS = {
  /** Time between two runs while somebody looks or something is not up. 2 s is a cause named within 4 s. */
  intervalMs: 2_000,
  /** While all is well and nobody looks, this many intervals: a login is dear to a server, and a fleet has many. */
  idleIntervals: 5,
  /** Who has asked within this time still looks: longer than the 2 to 4 s at which pages and people ask again. */
  askedForMs: 5_000,
  /** Each interval is varied by this fraction at random, so that a fleet does not ask in step. */
  jitter: 0.1,
  /** An application without its database is of no use; without its cache it is slower. */
  databaseIsCritical: true,
  cacheIsCritical: false,
  /** A run that takes longer is ended, its connection destroyed, and counts as down. */
  deadlineMs: 1_000,
  /** An answer slower than this is `slow`, which degrades. */
  slowMs: 500,
  /** A result older than this many intervals is `stale`: the sampler itself no longer runs. */
  staleAfterIntervals: 3,
  /** All connections of the pool in use and callers waiting for longer than this: saturated. */
  poolSaturatedAfterMs: 1_000,
  /** Callers waiting and no connection returned for this long, although the server answers: stalled. */
  poolStalledAfterMs: 10_000,
  /** The event loop was late by at least this much within the last interval. */
  eventLoopDelayedAfterMs: 500,
  /** How long the question who asks may take; together with the answer it stays below a quarter of a second. */
  viewerDeadlineMs: 200,
  /** Between the first *no* of `/readyz` and the last connection: most balancers ask every 2 to 5 s. */
  shutdownGraceMs: 5_000,
  /** For what is open then: with the time before, half of the 30 s that Kubernetes gives. */
  shutdownDeadlineMs: 10_000,
} as const;
