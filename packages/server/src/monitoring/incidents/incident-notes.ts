/** What people wrote about incidents, in PostgreSQL, each with its entry in the audit in the same statement. */
import type { AuditedActor } from '../actor.js';

/** What runs a statement. */
interface Queryable {
  rows<Row extends object>(text: string, values: readonly unknown[], deadlineMs: number): Promise<Row[]>;
}

export interface IncidentNote {
  readonly at: Date;
  readonly author: string;
  readonly text: string;
}

export interface IncidentNotes {
  /** Rejects as the database does, and then nothing has been done. */
  add(incident: string, text: string, actor: AuditedActor): Promise<IncidentNote>;
  /** In the order in which they were written; `null`: they cannot be asked for now. */
  of(incident: string): Promise<readonly IncidentNote[] | null>;
}

const DEADLINE_MS = 2_000;
const MOST_NOTES = 200;
const COLUMNS = 'at, author, note AS text';

/** @param isAway - whether the database is known not to answer: it is not asked then */
export function createIncidentNotes(database: Queryable, isAway: () => boolean): IncidentNotes {
  return {
    async add(incident, text, { name, address, tokenSuffix }) {
      const [note] = await database.rows<IncidentNote>(
        `WITH added AS (
           INSERT INTO incident_notes (incident, author, note) VALUES ($1, $2, $5) RETURNING ${COLUMNS}
         ), told AS (
           INSERT INTO audit (action, actor, address, token_suffix, details)
           SELECT 'note_added', $2, $3, $4, jsonb_build_object('incident', $1::text) FROM added
         ) SELECT at, author, text FROM added`,
        [incident, name, address, tokenSuffix, text],
        DEADLINE_MS,
      );
      if (!note) throw new Error('A note that was written was not given back.');
      return note;
    },
    async of(incident) {
      if (isAway()) return null;
      return database
        .rows<IncidentNote>(
          `SELECT ${COLUMNS} FROM incident_notes WHERE incident = $1 ORDER BY id LIMIT ${MOST_NOTES}`,
          [incident],
          DEADLINE_MS,
        )
        .catch(() => null);
    },
  };
}
