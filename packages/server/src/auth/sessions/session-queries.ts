/**
 * Asks the database who has a token, in batches, and remembers whether it answers.
 */
import { createBatch } from './batch.js';
import type { LookupAnswer, SessionMemory } from './session-memory.js';
import type { LiveSession } from './session.js';

export interface SessionQueries {
  /**
   * What memory learns too. Rejects when the database fails or takes longer than `forMs`.
   *
   * @param first - served before the others
   */
  readonly query: (hash: string, forMs: number, first: boolean) => Promise<LiveSession | undefined>;
  /** Whether the last query had no answer. */
  readonly isSilent: () => boolean;
  /** To be called when the database has just been reached. */
  readonly heard: () => void;
}

export interface DatabaseWithSessions {
  /**
   * Every live session among those with these token hashes, by hash; it settles within a second or so. Queries may follow
   * one another closely, and are answered in their order.
   */
  readonly load: (hashes: readonly string[]) => Promise<ReadonlyMap<string, LiveSession>>;
  /** Whether the probe says that the database is down, or has not been heard of for too long. */
  readonly isAway: () => boolean;
  /** Called when the database begins to be silent. */
  readonly onSilence: (error: unknown) => void;
}

export interface SessionQueriesOptions extends DatabaseWithSessions {
  readonly memory: SessionMemory;
}

export function createSessionQueries({
  load,
  isAway,
  onSilence,
  memory,
}: SessionQueriesOptions): SessionQueries {
  let isSilent = false;

  const batch = createBatch<LookupAnswer>(
    async (hashes) => {
      const asOf = memory.changes();
      const found = await load(hashes);
      isSilent = false;
      return new Map(hashes.map((hash) => [hash, { session: found.get(hash), asOf }]));
    },
    { mayOverlap: () => !isAway() },
  );

  return {
    async query(hash, forMs, first) {
      try {
        const answer = await batch.find(hash, { deadlineMs: forMs, first });
        if (answer) memory.learn(hash, answer);
        return answer?.session;
      } catch (error) {
        if (!isSilent) onSilence(error);
        isSilent = true;
        throw error;
      }
    },
    isSilent: () => isSilent,
    heard() {
      isSilent = false;
    },
  };
}
