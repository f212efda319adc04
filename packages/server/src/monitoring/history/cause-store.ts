/**
 * Causes in the file, each with its own begin and end, and since when each component answers or does not. So an outage keeps
 * its begin when the service is restarted in the middle of it.
 */
import type { Database } from 'libsql';
import { causeKey, type TrackedComponent, type TrackedStatus } from '../tracked-status.js';
import { HOURS_FOR_MS, MOST_CAUSES, MAX_CAUSES_RETURNED } from './history-limits.js';

/** As it is published. Times are ISO 8601, UTC, with milliseconds. */
export interface StoredCause {
  readonly component: string;
  readonly code: string;
  readonly began_at: string;
  /** `null`: it goes on. */
  readonly ended_at: string | null;
}

export interface Trouble {
  readonly component: string;
  readonly code: string;
  readonly beganMs: number;
  readonly endedMs: number | null;
}

type CausesAndComponents = Pick<TrackedStatus, 'causes' | 'components'>;

export interface CauseStore {
  /** Adds the causes that are new, and ends at `endedAt` those that are no longer among them. */
  record(current: CausesAndComponents, endedAt: number): void;
  /** Probes have stopped. `at` is the provisional end of every open cause: the next run may find that it went on. */
  cut(at: number): void;
  /** The causes that were cut, and the components. */
  previous(): CausesAndComponents;
  /** In the order of their begin; the latest `MAX_CAUSES_RETURNED`. */
  between(fromMs: number, toMs: number): readonly StoredCause[];
  /** All of a range, in the order of their begin; `endedMs` is `null` for those that go on. Milliseconds since 1970. */
  troubles(fromMs: number, toMs: number): readonly Trouble[];
  prune(nowMs: number): void;
}

/** `cut`: the end is provisional. The table `parts` has the components. */
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

/** Over a database whose tables exist. */
export function createCauseStore(database: Database): CauseStore {
  const open = database.prepare('SELECT * FROM causes WHERE ended_at IS NULL OR cut = 1');
  const insert = database.prepare('INSERT INTO causes (component, code, began_at) VALUES (?, ?, ?)');
  const reopen = database.prepare('UPDATE causes SET began_at = ?, ended_at = NULL, cut = 0 WHERE id = ?');
  // Never before its begin: the clock may have been set back in the meantime.
  const end = database.prepare(
    'UPDATE causes SET ended_at = max(began_at, coalesce(ended_at, ?)), cut = 0 WHERE id = ?',
  );
  const cut = database.prepare(
    'UPDATE causes SET ended_at = max(began_at, ?), cut = 1 WHERE ended_at IS NULL',
  );
  const cutCauses = database.prepare('SELECT * FROM causes WHERE cut = 1');
  const overlapping = database.prepare(
    `SELECT * FROM causes WHERE began_at < ? AND (ended_at IS NULL OR ended_at > ?) ORDER BY id DESC LIMIT ?`,
  );
  const troubles = database
    .prepare(
      `SELECT component, code, began_at, ended_at FROM causes
       WHERE began_at < ? AND (ended_at IS NULL OR ended_at > ?) ORDER BY began_at, id`,
    )
    .raw();
  const prune = database.prepare(
    'DELETE FROM causes WHERE ended_at IS NOT NULL AND cut = 0 AND (ended_at < ? OR id <= (SELECT max(id) FROM causes) - ?)',
  );
  const deleteComponents = database.prepare('DELETE FROM parts');
  const insertComponent = database.prepare('INSERT INTO parts VALUES (?, ?, ?, ?)');
  const allComponents = database.prepare('SELECT * FROM parts');

  return {
    record({ causes, components }, endedAt) {
      const added = new Map(causes.map((cause) => [causeKey(cause), cause]));
      for (const row of open.all() as CauseRow[]) {
        const current = added.get(causeKey(row));
        // A cause that began after the provisional end of this one is another cause.
        if (current && (row.ended_at === null || current.since <= row.ended_at)) {
          reopen.run(current.since, row.id);
          added.delete(causeKey(row));
        } else end.run(endedAt, row.id);
      }
      for (const { component, code, since } of added.values()) insert.run(component, code, since);
      deleteComponents.run();
      for (const { name, state, since, answersSince } of components) {
        insertComponent.run(name, state, since, answersSince);
      }
    },
    cut: (at) => void cut.run(at),
    previous() {
      const causes = (cutCauses.all() as CauseRow[]).map(({ component, code, began_at: since }) => ({
        component,
        code,
        since,
      }));
      const rows = allComponents.all() as (TrackedComponent & { readonly answers_since: number })[];
      const components = rows.map(({ name, state, since, answers_since: answersSince }) => {
        return { name, state, since, answersSince };
      });
      return { causes, components };
    },
    between(fromMs, toMs) {
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
    troubles: (fromMs, toMs) =>
      (troubles.all(toMs, fromMs) as [string, string, number, number | null][]).map(
        ([component, code, beganMs, endedMs]) => ({ component, code, beganMs, endedMs }),
      ),
    prune: (nowMs) => void prune.run(nowMs - HOURS_FOR_MS, MOST_CAUSES),
  };
}
