/**
 * Maintenance that was, in the file: healthy time leaves it out, for as long as healthy time is kept. A pause that nobody
 * planned is none: whoever silences an outage has not ended it.
 */
import type { Database } from 'libsql';
import { inTransaction } from '../../infra/sqlite/transaction.js';
import type { Range } from '../healthy-time/healthy-time.js';
import { MINUTE_MS } from '../history/history-limits.js';
import { covers, type Pause, type PausedService } from '../pauses/pause.js';
import { STRETCHES_FOR_MS } from './fleet-limits.js';

export interface MaintenanceStore {
  /** @param pauses - those that last or are planned; of the others it has ended */
  keepMaintenance(pauses: readonly Pause[], nowMs: number): void;
  /** In the order of their begin. */
  readMaintenance(service: PausedService, range: Range): readonly Range[];
}

/** `from_at` and `until_at` in milliseconds since 1970. */
export const MAINTENANCE_SCHEMA = `
  CREATE TABLE IF NOT EXISTS maintenance (
    id INTEGER PRIMARY KEY, service TEXT, label TEXT, from_at INTEGER NOT NULL, until_at INTEGER NOT NULL);
`;

interface Row {
  readonly id: number;
  readonly service: string | null;
  readonly label: string | null;
  readonly from_at: number;
  readonly until_at: number;
}

/** Over a database whose tables exist. */
export function createMaintenanceStore(database: Database): MaintenanceStore {
  const insert = database.prepare(
    'INSERT INTO maintenance VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING',
  );
  const lasting = database.prepare('SELECT * FROM maintenance WHERE until_at > ?');
  const end = database.prepare('UPDATE maintenance SET until_at = max(from_at, ?) WHERE id = ?');
  const prune = database.prepare('DELETE FROM maintenance WHERE until_at < ? OR until_at <= from_at');
  const between = database.prepare(
    'SELECT * FROM maintenance WHERE until_at > ? AND from_at < ? ORDER BY from_at, id',
  );

  return {
    keepMaintenance: inTransaction(database, (pauses: readonly Pause[], nowMs: number) => {
      const planned = pauses.filter(({ isPlanned }) => isPlanned);
      for (const { id, service, label, from, until } of planned) {
        insert.run(id, service, label, beginOf(from, nowMs), until);
      }
      const known = new Set(planned.map(({ id }) => id));
      for (const { id } of lasting.all(nowMs) as Row[]) {
        if (!known.has(id)) end.run(nowMs, id);
      }
      prune.run(nowMs - STRETCHES_FOR_MS);
    }),
    readMaintenance: (service, { fromMs, toMs }) =>
      (between.all(fromMs, toMs) as Row[])
        .filter((row) => covers(row, service))
        .map(({ from_at, until_at }) => ({ fromMs: from_at, toMs: until_at })),
  };
}

/** What was unhealthy before somebody planned it stays so. */
function beginOf(fromMs: number, nowMs: number): number {
  return fromMs >= nowMs - MINUTE_MS ? fromMs : nowMs;
}
