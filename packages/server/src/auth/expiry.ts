/**
 * Takes away what time adds: sessions that ended, codes that are over, old entries of the audit. In the background, a bounded
 * piece at a time, while the database is up; that several processes do it does no harm.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { PortalError } from '../errors.js';
import type { Log } from '../infra/log.js';
import { whileReachable, type Queryable } from '../infra/postgres.js';

/** Sweeps what is old out of the database. */
export interface Retention {
  start(): void;
  /** Takes away everything that is due; gives how many rows that were. */
  deleteExpired(): Promise<number>;
  close(): void;
}

export interface RetentionOptions {
  readonly database: Queryable;
  /** How long entries of the audit are kept; 0: for ever. */
  readonly auditDays: number;
  /** Whether the database is known to be down: it is not asked then. */
  readonly isDown: () => boolean;
  readonly log: Log;
  /** Most rows that one statement takes away. */
  readonly most?: number;
}

/** Whoever asks what a session was that ended finds it in the audit; its row is of no use any more. */
const ENDED_SESSIONS_DAYS = 30;
const EVERY_MS = 60 * 60 * 1_000;
/** Long after the rush of a start, and not at the same moment in each of many processes that start together. */
const FIRST_AFTER_MS = 60_000;
const SPREAD_MS = 60_000;
const MOST = 1_000;
/** Between two statements, so that a table that was never swept is no load. */
const PAUSE_MS = 100;
const DEADLINE_MS = 5_000;

/** Nothing is swept before `start()`. */
export function createRetention({
  database,
  auditDays,
  isDown,
  log,
  most = MOST,
}: RetentionOptions): Retention {
  const closed = new AbortController();
  let timer: NodeJS.Timeout | undefined;

  const old: readonly [table: string, condition: string][] = [
    [
      'sessions',
      `least(coalesce(revoked_at, expires_at), expires_at) < now() - interval '${ENDED_SESSIONS_DAYS} days'`,
    ],
    ['login_codes', 'expires_at <= now()'],
    ...(auditDays === 0
      ? []
      : [['audit', `at < now() - interval '${auditDays} days'`] satisfies [string, string]]),
  ];

  async function count(table: string, condition: string): Promise<number> {
    // Asked first: a DELETE notifies every listener, also when it deletes no row.
    const ids = `SELECT id FROM ${table} WHERE ${condition} ORDER BY id LIMIT ${most}`;
    const [row] = await database.rows<{ any: boolean }>(`SELECT EXISTS (${ids}) AS any`, [], DEADLINE_MS);
    if (!row?.any) return 0;
    const gone = await database.rows(
      `DELETE FROM ${table} WHERE id IN (${ids} FOR UPDATE SKIP LOCKED) RETURNING id`,
      [],
      DEADLINE_MS,
    );
    return gone.length;
  }

  async function sweep(): Promise<number> {
    let all = 0;
    for (const [table, condition] of old) {
      for (let gone = most; gone === most && !closed.signal.aborted && !isDown(); all += gone) {
        gone = await whileReachable(count(table, condition));
        if (gone === most) await sleep(PAUSE_MS, undefined, { ref: false });
      }
    }
    return all;
  }

  function scheduleNext(afterMs: number): void {
    timer = setTimeout(() => {
      sweep()
        .then((gone) => {
          if (gone > 0) log.info('what was kept long enough was deleted', { rows: gone });
        })
        .catch((error: unknown) => {
          if (error instanceof PortalError) log.debug('what is old is deleted later: the database is away');
          else log.failure('what is old could not be deleted', error);
        })
        .finally(() => {
          if (!closed.signal.aborted) scheduleNext(EVERY_MS);
        });
    }, afterMs);
    timer.unref();
  }

  return {
    start: () => scheduleNext(FIRST_AFTER_MS + Math.random() * SPREAD_MS),
    deleteExpired: sweep,
    close() {
      closed.abort();
      clearTimeout(timer);
    },
  };
}
