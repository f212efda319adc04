/**
 * What happened, in the file: each with its begin, its end, and the codes that held in between.
 */
import type { Database } from 'libsql';
import type { Status } from 'portal-health';
import { createCauseStore, type StoredCause } from './cause-store.js';
import { HOURS_FOR_MS, MOST_DETAILS, MOST_EVENTS } from './history-limits.js';
import { STATUSES } from './series.js';
import { createStatusTotals } from './status-totals.js';
import { inTransaction } from './transaction.js';

/**
 * What an event is about: a stretch of one status; a change of the source; a run of the service; the history itself;
 * the delivery of alerts.
 */
export type EventType = 'status' | 'integrity' | 'service' | 'history' | 'alert';

/** What may be told of an event besides. */
export type Details = Readonly<Record<string, unknown>>;

/** An event that has just happened. Times in milliseconds since 1970. */
export interface NewEvent {
  readonly kind: EventType;
  readonly beganAt: number;
  /** `null`: it goes on. */
  readonly endedAt: number | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly codes: readonly string[];
  readonly details: Details;
  /** Of a status that goes on after a time in which nothing was measured: since when it has been so. */
  readonly since?: number;
}

/** An event as it is published. Times are ISO 8601, UTC, with milliseconds. */
export interface StoredEvent {
  readonly id: number;
  readonly kind: EventType;
  readonly began_at: string;
  readonly ended_at: string | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly codes: readonly string[];
  /** Of a status: since when it has been so, which is before `began_at` where nothing was measured in between; else `null`. */
  readonly since: string | null;
  /** Of a status: what held in it, each from its own begin to its own end. */
  readonly causes: readonly StoredCause[];
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
  readonly events: readonly StoredEvent[];
  readonly next: number | null;
}

/** The events of one file. */
export interface Events {
  add(event: NewEvent): StoredEvent;
  /** Ends what goes on of its kind, and adds it. */
  transition(event: NewEvent): StoredEvent;
  /** Adds it, or puts it in the place of the one of its kind that began at the same time. */
  upsert(event: NewEvent): StoredEvent;
  /** The status that goes on, also with these codes; `undefined` when none does, or another. */
  amendStatus(status: string, codes: readonly string[]): StoredEvent | undefined;
  /** Ends all that goes on of a kind; `details` are added to theirs. */
  end(kind: EventType, at: number, details?: Details): void;
  read(query: EventQuery): EventPage;
  /** Begin or end of the latest event that is not after `at`, in milliseconds since 1970. */
  lastAt(at: number): number | null;
  /** The status that lasted longest into the present, and since when it had been so. */
  lastStatus(): LastStatus | undefined;
}

/** A status that goes on, or went on until nobody looked any more. */
export interface LastStatus {
  readonly status: Status;
  readonly since: number;
  /** Its end, in milliseconds since 1970; `null` while it goes on. */
  readonly until: number | null;
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

/** Columns that were added later. */
export const EVENTS_COLUMNS = { since: 'INTEGER' } as const;

interface Row {
  readonly id: number;
  readonly kind: EventType;
  readonly began_at: number;
  readonly ended_at: number | null;
  readonly was: string | null;
  readonly became: string | null;
  readonly codes: string;
  readonly details: string;
  readonly since: number | null;
}

/** The events of `database`, whose tables are there. */
export function createEvents(database: Database): Events {
  const insert = database.prepare(
    'INSERT INTO events (kind, began_at, ended_at, was, became, codes, details, since) VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING *',
  );
  // What goes on stays, however much has happened since it began.
  const prune = database.prepare(
    'DELETE FROM events WHERE ended_at IS NOT NULL AND (id <= ? OR ended_at < ?) RETURNING kind, began_at, ended_at, became',
  );
  // Never before its begin: the clock may have been set back in between.
  const endAll = database.prepare(
    `UPDATE events SET ended_at = max(began_at, ?), details = json_patch(details, ?)
     WHERE kind = ? AND ended_at IS NULL`,
  );
  const open = database.prepare(`SELECT * FROM events WHERE kind = 'status' AND ended_at IS NULL`);
  const amend = database.prepare('UPDATE events SET codes = ? WHERE id = ? RETURNING *');
  const replace = database.prepare(
    `UPDATE events SET ended_at = ?, became = ?, codes = ?, details = ?
     WHERE kind = ? AND began_at = ? RETURNING *`,
  );
  const last = database.prepare(
    'SELECT max(coalesce(ended_at, began_at)) AS at FROM events WHERE coalesce(ended_at, began_at) <= ?',
  );
  const lastStatus = database.prepare(
    `SELECT * FROM events WHERE kind = 'status' ORDER BY ended_at IS NULL DESC, ended_at DESC, id DESC LIMIT 1`,
  );
  const page = database.prepare(
    `SELECT * FROM events WHERE id < ? AND began_at < ? AND (ended_at IS NULL OR ended_at >= ?)
     ORDER BY id DESC LIMIT ?`,
  );

  const sums = createStatusTotals(database);
  const holding = createCauseStore(database);

  function eventOf(row: Row): StoredEvent {
    const isStatus = row.kind === 'status';
    return {
      id: row.id,
      kind: row.kind,
      began_at: new Date(row.began_at).toISOString(),
      ended_at: row.ended_at === null ? null : new Date(row.ended_at).toISOString(),
      from: row.was,
      to: row.became,
      codes: JSON.parse(row.codes) as string[],
      since: isStatus ? new Date(row.since ?? row.began_at).toISOString() : null,
      causes: isStatus ? holding.within(row.began_at, row.ended_at ?? Number.MAX_SAFE_INTEGER) : [],
      details: JSON.parse(row.details) as Details,
    };
  }

  /** What is thrown away is in the sums before. */
  function pruneAll(uptoId: number, nowMs: number): void {
    const gone = prune.all(uptoId, nowMs - HOURS_FOR_MS) as Pick<
      Row,
      'kind' | 'began_at' | 'ended_at' | 'became'
    >[];
    sums.carry(
      gone
        .filter(({ kind }) => kind === 'status')
        .map(({ began_at, ended_at, became }) => ({
          status: STATUSES.findIndex((status) => status === became),
          fromMs: began_at,
          toMs: ended_at ?? began_at,
        })),
    );
    sums.prune(nowMs);
    holding.prune(nowMs);
  }

  function add({ kind, beganAt, endedAt, from, to, codes, details, since }: NewEvent): StoredEvent {
    const row = insert.get(
      kind,
      beganAt,
      endedAt,
      from,
      to,
      JSON.stringify(codes),
      JSON.stringify(bounded(details)),
      since ?? null,
    ) as Row;
    pruneAll(row.id - MOST_EVENTS, beganAt);
    return eventOf(row);
  }

  function end(kind: EventType, at: number, details: Details = {}): void {
    endAll.run(at, JSON.stringify(details), kind);
  }

  return {
    add: inTransaction(database, add),
    transition: inTransaction(database, (event: NewEvent) => {
      end(event.kind, event.beganAt);
      return add(event);
    }),
    upsert: inTransaction(database, (event: NewEvent) => {
      const { kind, beganAt, endedAt, to, codes, details } = event;
      const words = [endedAt, to, JSON.stringify(codes), JSON.stringify(bounded(details))];
      const row = replace.get(...words, kind, beganAt) as Row | undefined;
      return row ? eventOf(row) : add(event);
    }),
    amendStatus(status, codes) {
      const row = open.get() as Row | undefined;
      if (!row || row.became !== status) return undefined;
      const all = [...new Set([...(JSON.parse(row.codes) as string[]), ...codes])];
      return eventOf(amend.get(JSON.stringify(all), row.id) as Row);
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
    lastAt: (at) => (last.get(at) as { readonly at: number | null }).at,
    lastStatus() {
      const row = lastStatus.get() as Row | undefined;
      const status = STATUSES.find((one) => one === row?.became);
      if (!row || !status) return undefined;
      return { status, since: row.since ?? row.began_at, until: row.ended_at };
    },
  };
}

/** Lists of names can be long; what counts is told before them. */
function bounded(details: Details): Details {
  if (JSON.stringify(details).length <= MOST_DETAILS) return details;
  const short = Object.fromEntries(Object.entries(details).filter(([, value]) => !Array.isArray(value)));
  return JSON.stringify(short).length <= MOST_DETAILS ? short : {};
}
