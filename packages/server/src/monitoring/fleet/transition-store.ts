/**
 * Transitions in the file: of instances, of services, and of the watcher's own sight.
 */
import type { Database } from 'libsql';
import { inTransaction } from '../../infra/sqlite/transaction.js';
import { MOST_TRANSITIONS, TRANSITIONS_FOR_MS } from './fleet-limits.js';

/** Times in milliseconds since 1970. */
export interface Transition {
  /** `null`: of the watcher. */
  readonly service: string | null;
  /** `null`: of the whole service. */
  readonly instance: string | null;
  readonly at: number;
  /** `null`: it was not known. */
  readonly from: string | null;
  readonly to: string;
  readonly codes: readonly string[];
}

/** As it is published. `at`: ISO 8601, UTC, with milliseconds. */
export interface StoredTransition extends Omit<Transition, 'at'> {
  readonly id: number;
  readonly at: string;
}

/** Times in milliseconds since 1970. */
export interface TransitionQuery {
  readonly service: string | undefined;
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
  /** Only those before the one with this id. */
  readonly before: number | undefined;
  readonly limit: number;
}

/** The latest first. `next` is the `before` of the following page; `null` if there is none. */
export interface TransitionPage {
  readonly events: readonly StoredTransition[];
  readonly next: number | null;
}

export interface TransitionStore {
  /** What was so already when it was last written is not written again: a restart of the watcher changes nothing. */
  addTransitions(transitions: readonly Transition[]): void;
  readTransitions(query: TransitionQuery): TransitionPage;
}

/** `''`: of the whole service, or of the watcher. AUTOINCREMENT: an id is never used twice. */
export const TRANSITIONS_SCHEMA = `
  CREATE TABLE IF NOT EXISTS transitions (
    id INTEGER PRIMARY KEY AUTOINCREMENT, service TEXT NOT NULL, instance TEXT NOT NULL, at INTEGER NOT NULL, was TEXT,
    state TEXT NOT NULL, codes TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS transitions_of ON transitions (service, instance, id);
`;

interface TransitionRow {
  readonly id: number;
  readonly service: string;
  readonly instance: string;
  readonly at: number;
  readonly was: string | null;
  readonly state: string;
  readonly codes: string;
}

/** Over a database whose tables exist. */
export function createTransitionStore(database: Database): TransitionStore {
  const insert = database.prepare(
    'INSERT INTO transitions (service, instance, at, was, state, codes) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const last = database.prepare(
    'SELECT state, codes FROM transitions WHERE service = ? AND instance = ? ORDER BY id DESC LIMIT 1',
  );
  // Ids are in the order of time, but for a clock that was set.
  const prune = database.prepare(
    `DELETE FROM transitions WHERE id <= (SELECT max(id) FROM transitions) - ${MOST_TRANSITIONS}
     OR id IN (SELECT id FROM transitions WHERE at < ? ORDER BY id LIMIT 1000)`,
  );
  const pages = {
    all: database.prepare(
      'SELECT * FROM transitions WHERE id < ? AND at >= ? AND at < ? ORDER BY id DESC LIMIT ?',
    ),
    ofService: database.prepare(
      `SELECT * FROM transitions WHERE service = ? AND id < ? AND at >= ? AND at < ? ORDER BY id DESC LIMIT ?`,
    ),
  };

  function add({ service, instance, at, from, to, codes }: Transition): void {
    const [of, whose, written] = [service ?? '', instance ?? '', JSON.stringify(codes)];
    const before = last.get(of, whose) as Pick<TransitionRow, 'state' | 'codes'> | undefined;
    if (before?.state === to && before.codes === written) return;
    insert.run(of, whose, at, from ?? before?.state ?? null, to, written);
  }

  return {
    addTransitions: inTransaction(database, (transitions: readonly Transition[]) => {
      for (const transition of transitions) add(transition);
      prune.run((transitions.at(-1)?.at ?? 0) - TRANSITIONS_FOR_MS);
    }),
    readTransitions({ service, fromMs = 0, toMs, before, limit }) {
      const range = [
        before ?? Number.MAX_SAFE_INTEGER,
        fromMs,
        toMs ?? Number.MAX_SAFE_INTEGER,
        limit + 1,
      ] as const;
      const rows = (
        service === undefined ? pages.all.all(...range) : pages.ofService.all(service, ...range)
      ) as TransitionRow[];
      const events = rows.slice(0, limit).map(storedTransition);
      return { events, next: rows.length > limit ? (events.at(-1)?.id ?? null) : null };
    },
  };
}

function storedTransition(row: TransitionRow): StoredTransition {
  return {
    id: row.id,
    service: row.service === '' ? null : row.service,
    instance: row.instance === '' ? null : row.instance,
    at: new Date(row.at).toISOString(),
    from: row.was,
    to: row.state,
    codes: JSON.parse(row.codes) as readonly string[],
  };
}
