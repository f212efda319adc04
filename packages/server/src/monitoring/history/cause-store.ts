/**
 * What holds, and since when: every cause with a begin and an end of its own, and every part with since when it answers or
 * does not. In the file, so that a start of the service in the middle of an outage begins nothing anew.
 */
import type { Database } from 'libsql';
import { keyOf, type Held, type HeldPart } from '../stand.js';
import { HOURS_FOR_MS, MOST_CAUSES, MAX_CAUSES_RETURNED } from './history-limits.js';

/** A cause of an event, as it is published. Times are ISO 8601, UTC, with milliseconds. */
export interface StoredCause {
  readonly component: string;
  readonly code: string;
  readonly began_at: string;
  /** `null`: it goes on. */
  readonly ended_at: string | null;
}

/** Causes and parts of one file. */
export interface CauseStore {
  /** These hold from now on and no others: those that have begun are added, those that have ended end at `endedAt`. */
  holds(causes: Held['causes'], parts: Held['parts'], endedAt: number): void;
  /** Nobody looks any more; `at` is the end of what is known. Each may turn out to go on. */
  cut(at: number): void;
  /** What was cut last. */
  left(): Pick<Held, 'causes' | 'parts'>;
  /** What held in a time, in the order in which it began; of very many the latest. */
  within(fromMs: number, toMs: number): readonly StoredCause[];
  prune(nowMs: number): void;
}

/** `cut`: its end is only the end of what is known. */
export const CAUSES_SCHEMA = `
  CREATE TABLE IF NOT EXISTS causes (
    id INTEGER PRIMARY KEY, component TEXT NOT NULL, code TEXT NOT NULL, began_at INTEGER NOT NULL, ended_at INTEGER,
    cut INTEGER NOT NULL DEFAULT 0);
  CREATE INDEX IF NOT EXISTS causes_by_end ON causes (ended_at);
  CREATE TABLE IF NOT EXISTS parts (
    name TEXT PRIMARY KEY, state TEXT NOT NULL, since INTEGER NOT NULL, answers_since INTEGER NOT NULL);
`;

interface CauseRow {
  readonly id: number;
  readonly component: string;
  readonly code: string;
  readonly began_at: number;
  readonly ended_at: number | null;
}

/** Causes and parts of `database`, whose tables are there. */
export function createCauseStore(database: Database): CauseStore {
  const open = database.prepare('SELECT * FROM causes WHERE ended_at IS NULL OR cut = 1');
  const insert = database.prepare('INSERT INTO causes (component, code, began_at) VALUES (?, ?, ?)');
  const goesOn = database.prepare('UPDATE causes SET began_at = ?, ended_at = NULL, cut = 0 WHERE id = ?');
  // Never before its begin: the clock may have been set back in between.
  const end = database.prepare(
    'UPDATE causes SET ended_at = max(began_at, coalesce(ended_at, ?)), cut = 0 WHERE id = ?',
  );
  const cut = database.prepare(
    'UPDATE causes SET ended_at = max(began_at, ?), cut = 1 WHERE ended_at IS NULL',
  );
  const cutOnes = database.prepare('SELECT * FROM causes WHERE cut = 1');
  const overlapping = database.prepare(
    `SELECT * FROM causes WHERE began_at < ? AND (ended_at IS NULL OR ended_at > ?) ORDER BY id DESC LIMIT ?`,
  );
  const prune = database.prepare(
    'DELETE FROM causes WHERE ended_at IS NOT NULL AND cut = 0 AND (ended_at < ? OR id <= (SELECT max(id) FROM causes) - ?)',
  );
  const forgetParts = database.prepare('DELETE FROM parts');
  const insertPart = database.prepare('INSERT INTO parts VALUES (?, ?, ?, ?)');
  const allParts = database.prepare('SELECT * FROM parts');

  return {
    holds(causes, parts, endedAt) {
      const begun = new Map(causes.map((cause) => [keyOf(cause), cause]));
      for (const row of open.all() as CauseRow[]) {
        const still = begun.get(keyOf(row));
        // One that is said to have begun after this one had been seen to end is another one.
        if (still && (row.ended_at === null || still.since <= row.ended_at)) {
          goesOn.run(still.since, row.id);
          begun.delete(keyOf(row));
        } else end.run(endedAt, row.id);
      }
      for (const { component, code, since } of begun.values()) insert.run(component, code, since);
      forgetParts.run();
      for (const { name, state, since, answersSince } of parts) {
        insertPart.run(name, state, since, answersSince);
      }
    },
    cut: (at) => void cut.run(at),
    left() {
      const causes = (cutOnes.all() as CauseRow[]).map(({ component, code, began_at: since }) => ({
        component,
        code,
        since,
      }));
      const parts = (allParts.all() as (HeldPart & { readonly answers_since: number })[]).map(
        ({ name, state, since, answers_since: answersSince }) => ({ name, state, since, answersSince }),
      );
      return { causes, parts };
    },
    within(fromMs, toMs) {
      const rows = overlapping.all(toMs, fromMs, MAX_CAUSES_RETURNED) as CauseRow[];
      return rows
        .toSorted((one, other) => one.began_at - other.began_at || one.id - other.id)
        .map(({ component, code, began_at, ended_at }) => ({
          component,
          code,
          began_at: new Date(began_at).toISOString(),
          ended_at: ended_at === null ? null : new Date(ended_at).toISOString(),
        }));
    },
    prune: (nowMs) => void prune.run(nowMs - HOURS_FOR_MS, MOST_CAUSES),
  };
}
