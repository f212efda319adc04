/**
 * What happened, in the file: each with its begin, its end, and the codes that held in between.
 */
import type { Database } from 'libsql';
import { HOURS_FOR_MS, MOST_DETAILS, MOST_EVENTS } from './retention.js';
import { inTransaction } from './transaction.js';

/**
 * What an event is about: a stretch of one status; a change of the source; a run of the service; the history itself;
 * the delivery of alerts.
 */
export type EventKind = 'status' | 'integrity' | 'service' | 'history' | 'alert';

/** What may be told of an event besides. */
export type Details = Readonly<Record<string, unknown>>;

/** An event that has just happened. Times in milliseconds since 1970. */
export interface NewEvent {
  readonly kind: EventKind;
  readonly beganAt: number;
  /** `null`: it goes on. */
  readonly endedAt: number | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly codes: readonly string[];
  readonly details: Details;
}

/** An event as it is published. Times are ISO 8601, UTC, with milliseconds. */
export interface JournalEvent {
  readonly id: number;
  readonly kind: EventKind;
  readonly began_at: string;
  readonly ended_at: string | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly codes: readonly string[];
  readonly details: Details;
}

/** Which events are asked for. Times in milliseconds since 1970. */
export interface EventQuery {
  /** Those that had not ended by then. */
  readonly fromMs: number | undefined;
  /** Those that had begun by then. */
  readonly toMs: number | undefined;
  /** Those before the event of this id. */
  readonly before: number | undefined;
  readonly limit: number;
}

/** Events, the latest first, and the `before` of those that follow; `null` when there are none. */
export interface EventPage {
  readonly events: readonly JournalEvent[];
  readonly next: number | null;
}

/** The events of one file. */
export interface Events {
  add(event: NewEvent): JournalEvent;
  /** Ends what goes on of its kind, and adds it. */
  turn(event: NewEvent): JournalEvent;
  /** Adds it, or puts it in the place of the one of its kind that began at the same time. */
  put(event: NewEvent): JournalEvent;
  /** The codes of an event that goes on have become more. */
  amend(id: number, codes: readonly string[]): void;
  /** Ends all that goes on of a kind; `details` are added to theirs. */
  end(kind: EventKind, at: number, details?: Details): void;
  read(query: EventQuery): EventPage;
  /** Begin or end of the latest event, in milliseconds since 1970. */
  lastAt(): number | null;
}

/** Ids are never used again, also when the event of the highest is gone: pages remember them. */
export const EVENTS_SCHEMA = `
  CREATE TABLE IF NOT EXISTS events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    began_at INTEGER NOT NULL,
    ended_at INTEGER,
    was TEXT,
    became TEXT,
    codes TEXT NOT NULL,
    details TEXT NOT NULL
  );
  CREATE INDEX IF NOT EXISTS events_that_go_on ON events (kind) WHERE ended_at IS NULL;
`;

interface Row {
  readonly id: number;
  readonly kind: EventKind;
  readonly began_at: number;
  readonly ended_at: number | null;
  readonly was: string | null;
  readonly became: string | null;
  readonly codes: string;
  readonly details: string;
}

/** The events of `database`, whose tables are there. */
export function createEvents(database: Database): Events {
  const insert = database.prepare(
    'INSERT INTO events (kind, began_at, ended_at, was, became, codes, details) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING *',
  );
  const prune = database.prepare(
    'DELETE FROM events WHERE id <= ? OR (ended_at IS NOT NULL AND ended_at < ?)',
  );
  // Never before its begin: the clock may have been set back in between.
  const endAll = database.prepare(
    `UPDATE events SET ended_at = max(began_at, ?), details = json_patch(details, ?)
     WHERE kind = ? AND ended_at IS NULL`,
  );
  const amend = database.prepare('UPDATE events SET codes = ? WHERE id = ?');
  const replace = database.prepare(
    `UPDATE events SET ended_at = ?, became = ?, codes = ?, details = ?
     WHERE kind = ? AND began_at = ? RETURNING *`,
  );
  const last = database.prepare('SELECT max(coalesce(ended_at, began_at)) AS at FROM events');
  const page = database.prepare(
    `SELECT * FROM events WHERE id < ? AND began_at < ? AND (ended_at IS NULL OR ended_at >= ?)
     ORDER BY id DESC LIMIT ?`,
  );

  function add({ kind, beganAt, endedAt, from, to, codes, details }: NewEvent): JournalEvent {
    const row = insert.get(
      kind,
      beganAt,
      endedAt,
      from,
      to,
      JSON.stringify(codes),
      JSON.stringify(bounded(details)),
    ) as Row;
    prune.run(row.id - MOST_EVENTS, beganAt - HOURS_FOR_MS);
    return eventOf(row);
  }

  function end(kind: EventKind, at: number, details: Details = {}): void {
    endAll.run(at, JSON.stringify(details), kind);
  }

  return {
    add: inTransaction(database, add),
    turn: inTransaction(database, (event: NewEvent) => {
      end(event.kind, event.beganAt);
      return add(event);
    }),
    put: inTransaction(database, (event: NewEvent) => {
      const { kind, beganAt, endedAt, to, codes, details } = event;
      const words = [endedAt, to, JSON.stringify(codes), JSON.stringify(bounded(details))];
      const row = replace.get(...words, kind, beganAt) as Row | undefined;
      return row ? eventOf(row) : add(event);
    }),
    amend(id, codes) {
      amend.run(JSON.stringify(codes), id);
    },
    end,
    read({ fromMs, toMs, before, limit }) {
      const rows = page.all(
        before ?? Number.MAX_SAFE_INTEGER,
        toMs ?? Number.MAX_SAFE_INTEGER,
        fromMs ?? 0,
        limit + 1,
      ) as Row[];
      const events = rows.slice(0, limit).map(eventOf);
      return { events, next: rows.length > limit ? (events.at(-1)?.id ?? null) : null };
    },
    lastAt: () => (last.get() as { readonly at: number | null }).at,
  };
}

/** Lists of names can be long; what counts is told before them. */
function bounded(details: Details): Details {
  if (JSON.stringify(details).length <= MOST_DETAILS) return details;
  const short = Object.fromEntries(Object.entries(details).filter(([, value]) => !Array.isArray(value)));
  return JSON.stringify(short).length <= MOST_DETAILS ? short : {};
}

function eventOf({ id, kind, began_at, ended_at, was, became, codes, details }: Row): JournalEvent {
  return {
    id,
    kind,
    began_at: new Date(began_at).toISOString(),
    ended_at: ended_at === null ? null : new Date(ended_at).toISOString(),
    from: was,
    to: became,
    codes: JSON.parse(codes) as string[],
    details: JSON.parse(details) as Details,
  };
}
