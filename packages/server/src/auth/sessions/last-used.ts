/**
 * Which sessions are in use, for the limit on idle ones: noted in memory by requests, and written down together once a
 * minute, so that no request waits for it or adds a statement.
 */

export interface LastUsedWriter {
  note(sessionId: number): void;
  /** Writes down what was noted since. */
  close(): Promise<void>;
}

export interface LastUsedWriterOptions {
  readonly write: (sessionIds: readonly number[]) => Promise<void>;
  readonly everyMs?: number;
}

/** A session lives on for this much longer than the limit says. */
const EVERY_MS = 60_000;
/** A bound for a fault, not a size for a day's work. */
const MOST = 100_000;

/** Begins to write when something is noted. */
export function createLastUsedWriter({ write, everyMs = EVERY_MS }: LastUsedWriterOptions): LastUsedWriter {
  const noted = new Set<number>();
  let writing = Promise.resolve();

  async function writeDown(): Promise<void> {
    if (noted.size === 0) return;
    const ids = [...noted];
    noted.clear();
    try {
      await write(ids);
    } catch {
      // The probe reports a database that does not answer. These are written with the next ones.
      for (const id of ids) noted.add(id);
    }
  }

  const timer = setInterval(() => {
    writing = writing.then(writeDown);
  }, everyMs);
  timer.unref();

  return {
    note(sessionId) {
      if (noted.size < MOST) noted.add(sessionId);
    },
    async close() {
      clearInterval(timer);
      await writing.then(writeDown);
    },
  };
}
