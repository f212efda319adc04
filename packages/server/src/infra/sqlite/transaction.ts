/**
 * Transactions. Those of the driver cannot be nested.
 */
import type { Database } from 'libsql';

/** `work` as one transaction, or as a part of the one that is open. */
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
      // After some errors, most of them of the disk, SQLite has rolled back by itself.
      if (database.inTransaction) database.exec('ROLLBACK');
      throw error;
    }
  };
}
