/**
 * What the history file consists of.
 */
import type { Database } from 'libsql';
import type { FileFormat } from '../../infra/sqlite/sqlite-file.js';
import { CAUSES_SCHEMA } from './cause-store.js';
import { EVENTS_COLUMNS, EVENTS_SCHEMA } from './event-store.js';
import { OLD_OUTBOX_SCHEMA } from './old-outbox-store.js';
import { PERCENTILES_SCHEMA } from './percentile-store.js';
import { SAMPLES_SCHEMA } from './sample-store.js';
import { TOTALS_SCHEMA } from './status-totals.js';

export const HISTORY_FORMAT: FileFormat = {
  version: 1,
  prepare(database) {
    database.exec(
      `${SAMPLES_SCHEMA} ${PERCENTILES_SCHEMA} ${EVENTS_SCHEMA} ${CAUSES_SCHEMA} ${TOTALS_SCHEMA} ${OLD_OUTBOX_SCHEMA}`,
    );
    addColumns(database);
  },
};

/**
 * Later versions only add columns, and rows without them have a value. So this version reads an older file, and an older
 * version reads and writes this one; hence the version stays.
 */
function addColumns(database: Database): void {
  const columns = database.prepare('PRAGMA table_info(events)').all() as { name: string }[];
  const existing = new Set(columns.map(({ name }) => name));
  for (const [name, type] of Object.entries(EVENTS_COLUMNS)) {
    if (!existing.has(name)) database.exec(`ALTER TABLE events ADD COLUMN ${name} ${type}`);
  }
}
