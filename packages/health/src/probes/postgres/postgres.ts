/**
 * Queries Postgres over a fresh connection: connects, runs one query, hangs up. Only a fresh connection notices that the
 * server accepts no more connections, refuses the login, is starting up or has a stopped postmaster. Nothing is held in
 * between. The application's pool lends its options, never a connection.
 */
import { DEFAULTS } from '../../defaults.js';
import type { ProblemCode } from '../../problems.js';
import type { PoolCounts } from '../../statistics/pool-counts.js';
import type { Outcome, Probe } from '../../types.js';
import { createConnectionWatch } from '../connection-watch.js';
import { withEndDetection } from '../end-detection.js';
import { causeOf } from '../../unknown.js';
import { createOpenCall, withOwnProblems } from '../own-problems.js';
import { postgresConnections } from './postgres-connections.js';
import { postgresProblem } from './postgres-errors.js';
import { createCanary } from './postgres-canary.js';
import type { PostgresJsFunction } from './postgres-js.js';
import { PROBE_QUERY, type FollowUp, type FreshPostgresConnection } from './fresh-postgres-connection.js';
import { createWriteWatch, type WriteResult, type WritesOptions } from './postgres-writes.js';
import { untilAborted } from 'portal-shared/with-timeout';

/**
 * A `Pool` of `pg` 8, or one derived from it, which has, unseen by its type declarations, the `Client` that it makes
 * connections of; a `Client` of `pg`, or an instance of postgres.js, which have no pool figures.
 */
export type PostgresPool = PoolCounts | PgClientLike | PostgresJsLike;

/** By what a `Client` of `pg` is known to the compiler. */
export interface PgClientLike {
  readonly host: string;
  readonly port: number;
  query(...question: never[]): unknown;
}

/** By what an instance of postgres.js is known to the compiler. */
export interface PostgresJsLike {
  reserve(): unknown;
  unsafe(...question: never[]): unknown;
}

export interface PostgresProbeOptions {
  readonly pool: PostgresPool;
  /** The function that postgres.js exports, when `pool` was made by it. */
  readonly postgres?: PostgresJsFunction;
  /**
   * Milliseconds from which a whole run counts as slow: connect, log in, ask; default 500. Turns of a busy event loop of
   * this process do not count.
   */
  readonly slowMs?: number;
  /** Milliseconds after which the sampler ends a run; default 1,000. Several hosts share them. */
  readonly deadlineMs?: number;
  /**
   * Whether to write a little into a table of our own, now and then, which finds what only a write can show: a disk that is
   * full, writes that never end. It makes the table where it may. Default false.
   */
  readonly writes?: boolean | WritesOptions;
  /**
   * Whether to ask one small question through the application's own pool as well, never a second while one is open: for
   * postgres.js, whose pool has no figures. Default false.
   */
  readonly canary?: boolean;
  /** Milliseconds that it may wait before `DATABASE_POOL_SATURATED`; default 1,000. */
  readonly poolSaturatedAfterMs?: number;
  /** Milliseconds that it may wait before `DATABASE_POOL_STALLED`; default 10,000. */
  readonly poolStalledAfterMs?: number;
  /** Whether it is read-only on purpose, as a replica is: that it refuses writes is no finding then; default false. */
  readonly readOnly?: boolean;
  /** What is asked over the connection of a run that has its answer. */
  readonly followUp?: FollowUp;
}

/**
 * Asks the server that `pool` connects to, over a connection of its own with the pool's options. The latency is the
 * round trip of the question alone; what counts as slow is the whole run, because on a network that is slow the login
 * takes most of it, and a run at the deadline should have been called slow before.
 *
 * A password given as a function is called in every run, and never while its last call is open.
 *
 * @throws TypeError when `pool` is none that we know, or is of postgres.js and comes without its function
 */
export function createPostgresProbe(options: PostgresProbeOptions): Probe {
  const { pool, postgres, slowMs = DEFAULTS.slowMs, deadlineMs = DEFAULTS.deadlineMs } = options;
  const { readOnly: isMeant = false, writes = false, canary = false, followUp } = options;
  const passwords = createOpenCall();
  const watch = createConnectionWatch();
  const connection = postgresConnections(pool, { postgres, passwords, watch, deadlineMs });
  const written =
    writes && !isMeant ? createWriteWatch(connection, writes === true ? {} : writes) : undefined;
  const through = canary ? createCanary(pool, options) : undefined;
  let asking: FreshPostgresConnection | undefined;

  /** What else is known of a server that answers. */
  function completed(outcome: Outcome, isReadOnly: boolean): Outcome {
    const finding: WriteResult | undefined = isReadOnly ? undefined : written?.run();
    const cause = outcome.cause ?? finding?.cause;
    return {
      ...outcome,
      connection: watch.facts(),
      problems: [
        ...outcome.problems,
        ...(isReadOnly && !isMeant ? (['DATABASE_READ_ONLY'] as const) : []),
        ...(finding?.problems ?? []),
        ...(through?.run() ?? []),
      ],
      ...(finding?.remarks.length && { remarks: finding.remarks }),
      ...(cause && { cause }),
    };
  }

  const probe: Probe = {
    name: 'database',
    async run(signal, clock) {
      const beganMs = clock.othersMs();
      let opened: FreshPostgresConnection | undefined;
      try {
        signal.throwIfAborted();
        const asked = (asking = opened = connection());
        const isFollowed = followUp?.isDue() ?? false;
        const {
          readOnly,
          latencyMs,
          waitedMs = 0,
        } = await untilAborted(signal, asked.query(isFollowed), asked.destroy);
        if (readOnly === undefined) return down('DATABASE_FAILED', TIMED_OUT);
        const isSlow = clock.othersMs() - beganMs - waitedMs > slowMs;
        if (isFollowed) {
          opened = undefined;
          void followUp?.take(asked);
        }
        return completed(
          isSlow
            ? { state: 'slow', latencyMs, problems: ['DATABASE_SLOW'] }
            : { state: 'up', latencyMs, problems: [] },
          readOnly,
        );
      } catch (error) {
        // After its signal the sampler discards the outcome.
        return signal.aborted ? down('DATABASE_TIMEOUT') : down(postgresProblem(error), error);
      } finally {
        opened?.destroy();
      }
    },
    failed: (reason, error) =>
      reason === 'threw' ? down(postgresProblem(error), error) : down('DATABASE_TIMEOUT'),
    close: async () => written?.close(),
  };
  return withOwnProblems(withEndDetection(probe, pool, 'DATABASE_NOT_READY'), () => {
    if (asking?.isLookingUp()) return 'NAME_LOOKUP';
    return passwords.isOpen() ? 'PASSWORD_UNAVAILABLE' : undefined;
  });
}

const TIMED_OUT = { code: 'NO_ANSWER', message: `The answer to ${PROBE_QUERY} is neither on nor off` };

function down(problem: ProblemCode, error?: unknown): Outcome {
  const outcome: Outcome = { state: 'down', latencyMs: null, problems: [problem] };
  return error === undefined ? outcome : { ...outcome, cause: causeOf(error) };
}
