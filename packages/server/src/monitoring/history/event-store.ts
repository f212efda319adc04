/**
 * Events in the file, each with its begin, its end, and the codes of the time in between.
 */
import type { Database } from 'libsql';
import type { Status } from 'portal-health';
import type { StatusUpdate } from '../tracked-status.js';
import type { CauseStore, StoredCause } from './cause-store.js';
import { HOURS_FOR_MS, MOST_DETAILS, MOST_EVENTS, MOST_REASONS } from './history-limits.js';
import { STATUSES } from './series.js';
import type { StatusTotals } from './status-totals.js';
import { inTransaction } from '../../infra/sqlite/transaction.js';

/**
 * `status`: an interval of one status. `integrity`: a change of the source. `service`: a run of the service. `history`: the
 * history file cannot be used. `alert`: an alert was given up. `reason`: why something was unwell.
 */
export type EventType = 'status' | 'integrity' | 'service' | 'history' | 'alert' | 'reason';

export type Details = Readonly<Record<string, unknown>>;

/** Times in milliseconds since 1970. */
export interface NewEvent {
  readonly kind: EventType;
  readonly beganAt: number;
  /** `null`: it goes on. */
  readonly endedAt: number | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly codes: readonly string[];
  readonly details: Details;
  /** Of a status: when it began, which is before `beganAt` if it went on through a time without probe runs. */
  readonly since?: number;
}

/** As it is published. Times are ISO 8601, UTC, with milliseconds. */
export interface StoredEvent {
  readonly id: number;
  readonly kind: EventType;
  readonly began_at: string;
  readonly ended_at: string | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly codes: readonly string[];
  /** Of a status: when it began, which is before `began_at` if it went on through a time without probe runs; else `null`. */
  readonly since: string | null;
  /** Of a status: the causes of its time, each with its own begin and end. */
  readonly causes: readonly StoredCause[];
  readonly details: Details;
}

/** Times in milliseconds since 1970. */
export interface EventQuery {
  /** Only events that had not ended by then. */
  readonly fromMs: number | undefined;
  /** Only events that had begun by then. */
  readonly toMs: number | undefined;
  /** Only events before the one with this id. */
  readonly before: number | undefined;
  /** Only events of these kinds. */
  readonly kinds?: readonly string[] | undefined;
  readonly limit: number;
}

/** The latest event first. `next` is the `before` of the following page; `null` if there is none. */
export interface EventPage {
  readonly events: readonly StoredEvent[];
  readonly next: number | null;
}

export interface EventStore {
  addEvent(event: NewEvent): StoredEvent;
  /** Ends the open events of its kind, and adds it. */
  transitionEvent(event: NewEvent): StoredEvent;
  /** Adds it, or replaces the event of its kind that began at the same time. */
  upsertEvent(event: NewEvent): StoredEvent;
  /** Ends the open events of a kind, and adds `details` to theirs. */
  endEvents(kind: EventType, at: number, details?: Details): void;
  /** @returns the open status event: the one before with the new codes, or another one if the status changed */
  recordStatus(update: StatusUpdate): StoredEvent;
  readEvents(query: EventQuery): EventPage;
  /** Begin or end of the latest event that is not after `at`, in milliseconds since 1970. */
  lastEventAt(at: number): number | null;
  lastStatus(): LastStatus | undefined;
}

/** The open status event, else the one that ended last. Times in milliseconds since 1970. */
export interface LastStatus {
  readonly status: Status;
  readonly since: number;
  /** `null`: it goes on. */
  readonly until: number | null;
}

/** AUTOINCREMENT: an id is never used twice, because open pages remember ids. */
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

/** Columns that a file of an older version lacks. */
export const EVENTS_COLUMNS = { since: 'INTEGER', cut: 'INTEGER' } as const;

export interface EventRow {
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

function prepareStatements(database: Database) {
  return {
    insert: database.prepare(
      'INSERT INTO events (kind, began_at, ended_at, was, became, codes, details, since) VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING *',
    ),
    // An open event is kept, however many events follow it. Reasons have a limit of their own, and push out none of the others.
    prune: database.prepare(
      `DELETE FROM events WHERE ended_at IS NOT NULL AND (ended_at < ?
       OR (kind <> 'reason' AND id <=
         (SELECT id FROM events WHERE kind <> 'reason' ORDER BY id DESC LIMIT 1 OFFSET ${MOST_EVENTS}))
       OR (kind = 'reason' AND id <=
         (SELECT id FROM events WHERE kind = 'reason' ORDER BY id DESC LIMIT 1 OFFSET ${MOST_REASONS})))
       RETURNING kind, began_at, ended_at, became`,
    ),
    // Never before its begin: the clock may have been set back in the meantime.
    end: database.prepare(
      `UPDATE events SET ended_at = max(began_at, ?), details = json_patch(details, ?)
     WHERE kind = ? AND ended_at IS NULL`,
    ),
    openStatus: database.prepare(`SELECT * FROM events WHERE kind = 'status' AND ended_at IS NULL`),
    setCodes: database.prepare('UPDATE events SET codes = ? WHERE id = ? RETURNING *'),
    replace: database.prepare(
      `UPDATE events SET ended_at = ?, became = ?, codes = ?, details = ?
     WHERE kind = ? AND began_at = ? RETURNING *`,
    ),
    last: database.prepare(
      'SELECT max(coalesce(ended_at, began_at)) AS at FROM events WHERE coalesce(ended_at, began_at) <= ?',
    ),
    lastStatus: database.prepare(
      `SELECT * FROM events WHERE kind = 'status' ORDER BY ended_at IS NULL DESC, ended_at DESC, id DESC LIMIT 1`,
    ),
    page: database.prepare(
      `SELECT * FROM events WHERE id < ?1 AND began_at < ?2 AND (ended_at IS NULL OR ended_at >= ?3)
     AND (?4 IS NULL OR instr(?4, ',' || kind || ',') > 0)
     ORDER BY id DESC LIMIT ?5`,
    ),
  };
}

/** Over a database whose tables exist. */
export function createEventStore(
  database: Database,
  { causes, totals }: { readonly causes: CauseStore; readonly totals: StatusTotals },
): EventStore {
  const statements = prepareStatements(database);

  const eventOf = (row: EventRow): StoredEvent => storedEvent(row, causes);

  /** Deleted events are added to the totals first. */
  function prune(nowMs: number): void {
    const deleted = statements.prune.all(nowMs - HOURS_FOR_MS) as Pick<
      EventRow,
      'kind' | 'began_at' | 'ended_at' | 'became'
    >[];
    totals.carry(
      deleted
        .filter(({ kind }) => kind === 'status')
        .map(({ began_at, ended_at, became }) => ({
          status: STATUSES.findIndex((status) => status === became),
          fromMs: began_at,
          toMs: ended_at ?? began_at,
        })),
    );
    totals.prune(nowMs);
    causes.prune(nowMs);
  }

  function add({ kind, beganAt, endedAt, from, to, codes, details, since }: NewEvent): StoredEvent {
    const row = statements.insert.get(
      kind,
      beganAt,
      endedAt,
      from,
      to,
      JSON.stringify(codes),
      JSON.stringify(bounded(details)),
      since ?? null,
    ) as EventRow;
    prune(beganAt);
    return eventOf(row);
  }

  function end(kind: EventType, at: number, details: Details = {}): void {
    statements.end.run(at, JSON.stringify(details), kind);
  }

  /** `undefined` if no status event is open, or one of another status. */
  function addCodes(status: string, codes: readonly string[]): StoredEvent | undefined {
    const row = statements.openStatus.get() as EventRow | undefined;
    if (!row || row.became !== status) return undefined;
    const all = [...new Set([...(JSON.parse(row.codes) as string[]), ...codes])];
    return eventOf(statements.setCodes.get(JSON.stringify(all), row.id) as EventRow);
  }

  return {
    addEvent: inTransaction(database, add),
    transitionEvent: inTransaction(database, (event: NewEvent) => {
      end(event.kind, event.beganAt);
      return add(event);
    }),
    upsertEvent: inTransaction(database, (event: NewEvent) => {
      const { kind, beganAt, endedAt, to, codes, details } = event;
      const values = [endedAt, to, JSON.stringify(codes), JSON.stringify(bounded(details))];
      const row = statements.replace.get(...values, kind, beganAt) as EventRow | undefined;
      return row ? eventOf(row) : add(event);
    }),
    endEvents: end,
    recordStatus: inTransaction(database, (update: StatusUpdate) => {
      const { at, knownUntil, isBroken, from, status: to, since, codes, details } = update;
      causes.record(update, knownUntil);
      const current = isBroken ? undefined : addCodes(to, codes);
      if (current) return current;
      end('status', knownUntil);
      return add({ kind: 'status', beganAt: at, endedAt: null, from, to, codes, details, since });
    }),
    readEvents({ fromMs, toMs, before, kinds, limit }) {
      const rows = statements.page.all(
        before ?? Number.MAX_SAFE_INTEGER,
        toMs ?? Number.MAX_SAFE_INTEGER,
        fromMs ?? 0,
        kinds === undefined ? null : `,${kinds.join(',')},`,
        limit + 1,
      ) as EventRow[];
      const events = rows.slice(0, limit).map(eventOf);
      return { events, next: rows.length > limit ? (events.at(-1)?.id ?? null) : null };
    },
    lastEventAt: (at) => (statements.last.get(at) as { readonly at: number | null }).at,
    lastStatus() {
      const row = statements.lastStatus.get() as EventRow | undefined;
      const status = STATUSES.find((one) => one === row?.became);
      if (!row || !status) return undefined;
      return { status, since: row.since ?? row.began_at, until: row.ended_at };
    },
  };
}

/** @param causes - of a status */
export function storedEvent(row: EventRow, causes?: CauseStore): StoredEvent {
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
    causes: (isStatus && causes?.between(row.began_at, row.ended_at ?? Number.MAX_SAFE_INTEGER)) || [],
    details: JSON.parse(row.details) as Details,
  };
}

/** Without its lists if it is too long: lists of file names are; their lengths stand beside them. */
function bounded(details: Details): Details {
  if (JSON.stringify(details).length <= MOST_DETAILS) return details;
  const shortened = Object.fromEntries(Object.entries(details).filter(([, value]) => !Array.isArray(value)));
  return JSON.stringify(shortened).length <= MOST_DETAILS ? shortened : {};
}
