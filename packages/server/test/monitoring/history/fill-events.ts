import type { Database } from 'libsql';

/** Adds so many events of no interest, past the stores: one by one they would take seconds. */
export function fillEvents(database: Database, count: number, kind = 'service'): void {
  database.exec(`
    INSERT INTO events (kind, began_at, ended_at, codes, details)
    WITH RECURSIVE numbers (n) AS (SELECT 1 WHERE ${count} > 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${count})
    SELECT '${kind}', began_at, began_at, '[]', '{}' FROM numbers, (SELECT max(began_at) AS began_at FROM events)`);
}
