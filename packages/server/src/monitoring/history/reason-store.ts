/**
 * Reasons as events, each with its own begin and end. One that comes and goes within a minute is one event: else a reason at
 * its threshold would fill the history.
 */
import type { Database } from 'libsql';
import {
  storedEvent,
  type Details,
  type EventRow,
  type EventStore,
  type StoredEvent,
} from './event-store.js';
import { GOES_ON_FOR_MS, MINUTE_MS } from './history-limits.js';
import { inTransaction } from '../../infra/sqlite/transaction.js';

/** A reason as it was said. Times in milliseconds since 1970. */
export interface SaidReason {
  readonly code: string;
  /** Whose, where there are several it could be of: `database`, the name of a further one; else `null`. */
  readonly component: string | null;
  /** The problem that it explains, if one held. */
  readonly explains: string | null;
  readonly sentence: string;
  readonly beganAt: number;
}

/** Two with the same key are the same reason. */
export function reasonKey({ code, component }: Pick<SaidReason, 'code' | 'component'>): string {
  return `${code} ${component ?? ''}`;
}

export interface ReasonUpdate {
  readonly at: number;
  /** All that hold now. */
  readonly reasons: readonly SaidReason[];
  /** Those that no longer do, as they were said last. */
  readonly ended: readonly SaidReason[];
}

export interface ReasonStore {
  /** @returns the events that have begun, gone on or ended */
  recordReasons(update: ReasonUpdate): readonly StoredEvent[];
}

export interface CuttableReasonStore extends ReasonStore {
  /** The service has stopped. `at` is the provisional end of every open reason: the next run may find that it went on. */
  cut(at: number): void;
}

/** A shorter pause is none. */
const PAUSE_MS = MINUTE_MS;
/** What is not found again within this time after the first reading of a run has ended with the run before. */
const FOUND_AGAIN_MS = 2 * MINUTE_MS;

/** By code and component. */
const SAME = `kind = 'reason' AND codes = ? AND json_extract(details, '$.component') IS ?`;

function prepareStatements(database: Database) {
  return {
    open: database.prepare(`SELECT * FROM events WHERE kind = 'reason' AND ended_at IS NULL`),
    recent: database.prepare(
      `SELECT * FROM events WHERE ${SAME} AND (ended_at >= ? OR (cut = 1 AND ended_at >= ?)) ORDER BY id DESC LIMIT 1`,
    ),
    reopen: database.prepare('UPDATE events SET ended_at = NULL, cut = 0 WHERE id = ? RETURNING *'),
    // Never before its begin: the clock may have been set back in the meantime.
    end: database.prepare(
      'UPDATE events SET ended_at = max(began_at, ?), details = json_patch(details, ?) WHERE id = ? RETURNING *',
    ),
    cut: database.prepare(
      `UPDATE events SET ended_at = max(began_at, ?), cut = 1 WHERE kind = 'reason' AND ended_at IS NULL`,
    ),
  };
}

/** Over a database whose tables exist. */
export function createReasonStore(
  database: Database,
  events: Pick<EventStore, 'addEvent'>,
): CuttableReasonStore {
  const statements = prepareStatements(database);
  /** When the run before ended; from then to the first readings of this one, its reasons may have gone on. */
  let cutAt = Number.POSITIVE_INFINITY;
  let firstAt: number | undefined;

  function goesOnAfter(at: number): number {
    const isFirst = at - (firstAt ?? at) <= FOUND_AGAIN_MS && at - cutAt <= GOES_ON_FOR_MS;
    return isFirst ? cutAt : Number.MAX_SAFE_INTEGER;
  }

  function begin(reason: SaidReason, at: number): StoredEvent {
    const { code, component, explains, sentence, beganAt } = reason;
    const codes = [code];
    const limits = [beganAt - PAUSE_MS, goesOnAfter(at)];
    const before = statements.recent.get(JSON.stringify(codes), component, ...limits) as EventRow | undefined;
    if (before) return storedEvent(statements.reopen.get(before.id) as EventRow);
    const details: Details = { sentence, explains, component };
    return events.addEvent({ kind: 'reason', beganAt, endedAt: null, from: null, to: null, codes, details });
  }

  function end(row: EventRow, at: number, last: SaidReason | undefined): StoredEvent {
    const patch = last ? { sentence: last.sentence, explains: last.explains } : {};
    return storedEvent(statements.end.get(at, JSON.stringify(patch), row.id) as EventRow);
  }

  return {
    recordReasons: inTransaction(database, ({ at, reasons, ended }: ReasonUpdate) => {
      firstAt ??= at;
      const held = new Map(reasons.map((reason) => [reasonKey(reason), reason]));
      const last = new Map(ended.map((reason) => [reasonKey(reason), reason]));
      const changed: StoredEvent[] = [];
      for (const row of statements.open.all() as EventRow[]) {
        const key = keyOf(row);
        if (!held.delete(key)) changed.push(end(row, at, last.get(key)));
      }
      for (const reason of held.values()) changed.push(begin(reason, at));
      return changed;
    }),
    cut(at) {
      cutAt = at;
      statements.cut.run(at);
    },
  };
}

function keyOf({ codes, details }: EventRow): string {
  const [code = ''] = JSON.parse(codes) as readonly string[];
  const { component = null } = JSON.parse(details) as { readonly component?: string | null };
  return reasonKey({ code, component });
}
