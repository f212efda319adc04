/**
 * The outbox of earlier versions, in the history file: what waits there moves to the fleet file at the first start.
 */
import type { Database } from 'libsql';
import { inTransaction } from '../../infra/sqlite/transaction.js';
import type { OldMessage } from '../alerts/outbox-store.js';

export interface OldOutbox {
  readonly messages: readonly OldMessage[];
  /** JSON of the incident that was open. */
  readonly incident: string | null;
}

export interface OldOutboxStore {
  readOldOutbox(): OldOutbox;
  clearOldOutbox(): void;
}

export const OLD_OUTBOX_SCHEMA = `
  CREATE TABLE IF NOT EXISTS outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    receiver TEXT NOT NULL,
    message TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL
  );
  CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value TEXT NOT NULL);
`;

/** Name of the note about the open incident. */
const INCIDENT = 'incident';

/** Over a database whose tables exist. */
export function createOldOutboxStore(database: Database): OldOutboxStore {
  const messages = database.prepare('SELECT receiver, message, body, created_at FROM outbox ORDER BY id');
  const note = database.prepare('SELECT value FROM notes WHERE name = ?');
  const clearMessages = database.prepare('DELETE FROM outbox');
  const clearNote = database.prepare('DELETE FROM notes WHERE name = ?');

  return {
    readOldOutbox: () => ({
      messages: messages.all() as OldMessage[],
      incident: (note.get(INCIDENT) as { readonly value: string } | undefined)?.value ?? null,
    }),
    clearOldOutbox: inTransaction(database, () => {
      clearMessages.run();
      clearNote.run(INCIDENT);
    }),
  };
}
