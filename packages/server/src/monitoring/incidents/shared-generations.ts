/** Generations of incidents in PostgreSQL, where all watchers of a fleet see them. */
import type { GenerationStore, SharedGeneration } from './generations.js';

/** What runs a statement. */
interface Queryable {
  rows<Row extends object>(text: string, values: readonly unknown[], deadlineMs: number): Promise<Row[]>;
}

interface Row {
  readonly key: string;
  /** A number of 64 bits comes as text. */
  readonly generation: string;
  readonly began_at: Date;
  readonly ended_at: Date | null;
}

const DEADLINE_MS = 1_000;

/** @param isAway - whether the database is known not to answer: it is not asked then */
export function createSharedGenerations(database: Queryable, isAway: () => boolean): GenerationStore {
  function rows<R extends object>(text: string, values: readonly unknown[]): Promise<R[]> {
    if (isAway()) return Promise.reject(new DatabaseAwayError());
    return database.rows<R>(text, values, DEADLINE_MS);
  }

  return {
    readAll: async () =>
      (await rows<Row>('SELECT key, generation, began_at, ended_at FROM incident_generations', [])).map(
        sharedGeneration,
      ),
    async read(keys) {
      const found = await rows<Row>(
        'SELECT key, generation, began_at, ended_at FROM incident_generations WHERE key = ANY ($1)',
        [keys],
      );
      return found.map(sharedGeneration);
    },
    async write(generations) {
      await rows(
        `INSERT INTO incident_generations AS known (key, generation, began_at, ended_at)
         SELECT key, generation, to_timestamp(began_ms / 1000), to_timestamp(ended_ms / 1000)
         FROM jsonb_to_recordset($1::jsonb) AS r (key text, generation bigint, began_ms float8, ended_ms float8)
         ON CONFLICT (key) DO UPDATE SET generation = excluded.generation, began_at = excluded.began_at,
           ended_at = excluded.ended_at
         WHERE excluded.generation > known.generation
           OR (excluded.generation = known.generation AND known.ended_at IS NULL)`,
        [
          JSON.stringify(
            generations.map(({ key, generation, beganAt, endedAt }) => ({
              key,
              generation,
              began_ms: beganAt,
              ended_ms: endedAt,
            })),
          ),
        ],
      );
    },
  };
}

function sharedGeneration({ key, generation, began_at: beganAt, ended_at: endedAt }: Row): SharedGeneration {
  return {
    key,
    generation: Number(generation),
    beganAt: beganAt.getTime(),
    endedAt: endedAt?.getTime() ?? null,
  };
}

class DatabaseAwayError extends Error {
  readonly code = 'DATABASE_AWAY';
}
