/**
 * All or nothing. The driver's own cannot be within another one.
 */
import type { Database } from 'libsql';

/** Gives `work` as one transaction, or as a part of the one that is under way. */
export function inTransaction<Args extends readonly unknown[], Result>(
  database: Database,
  work: (...args: Args) => Result,
): (...args: Args) => Result {
  return (...args) => {
    if (database.inTransaction) return work(...args);
    database.exec('BEGIN IMMEDIATE');
    try {
      const result = work(...args);
      database.exec('COMMIT');
      return result;
    } catch (error) {
      // After some errors, of the disk above all, SQLite has rolled back by itself.
      if (database.inTransaction) database.exec('ROLLBACK');
      throw error;
    }
  };
}
