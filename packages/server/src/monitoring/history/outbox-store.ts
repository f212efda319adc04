/**
 * The outbox: messages to be sent, and key-value entries about them, written in one transaction.
 */
import type { Database } from 'libsql';
import { MOST_WAITING } from './history-limits.js';
import { inTransaction } from '../../infra/sqlite/transaction.js';

export interface WaitingMessage {
  readonly id: number;
  readonly message: string;
  readonly body: string;
  /** Milliseconds since 1970. */
  readonly created_at: number;
}

export interface NewOutboxMessage {
  /** Its key. */
  readonly receiver: string;
  readonly message: string;
  readonly body: string;
}

/** `null` deletes the entry. */
export interface KeyValueEntry {
  readonly name: string;
  readonly value: string | null;
}

export interface OutboxStore {
  /** Adds the messages and sets the entry, all or nothing. */
  enqueueMessages(messages: readonly NewOutboxMessage[], at: number, entry: KeyValueEntry | null): void;
  /** The oldest message for a receiver. */
  peekMessage(receiver: string): WaitingMessage | null;
  acknowledgeMessage(id: number): void;
  /** Deletes messages for other receivers than these. @returns the value of the entry */
  openOutbox(receivers: readonly string[], entryName: string): string | null;
}

export const OUTBOX_SCHEMA = `
  CREATE TABLE IF NOT EXISTS outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    receiver TEXT NOT NULL,
    message TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL
  );
  CREATE INDEX IF NOT EXISTS outbox_of_receiver ON outbox (receiver, id);
  CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value TEXT NOT NULL);
`;

/** Over a database whose tables exist. */
export function createOutboxStore(database: Database): OutboxStore {
  const insert = database.prepare(
    'INSERT INTO outbox (receiver, message, body, created_at) VALUES (?, ?, ?, ?)',
  );
  const dropOldest = database.prepare(
    `DELETE FROM outbox WHERE receiver = ?1
     AND id <= (SELECT id FROM outbox WHERE receiver = ?1 ORDER BY id DESC LIMIT 1 OFFSET ${MOST_WAITING})`,
  );
  const first = database.prepare(
    'SELECT id, message, body, created_at FROM outbox WHERE receiver = ? ORDER BY id LIMIT 1',
  );
  const remove = database.prepare('DELETE FROM outbox WHERE id = ?');
  const keepOnly = database.prepare(
    'DELETE FROM outbox WHERE receiver NOT IN (SELECT value FROM json_each(?))',
  );
  const readEntry = database.prepare('SELECT value FROM notes WHERE name = ?');
  const writeEntry = database.prepare('INSERT OR REPLACE INTO notes VALUES (?, ?)');
  const removeEntry = database.prepare('DELETE FROM notes WHERE name = ?');

  return {
    enqueueMessages: inTransaction(
      database,
      (messages: readonly NewOutboxMessage[], at: number, entry: KeyValueEntry | null) => {
        for (const { receiver, message, body } of messages) {
          insert.run(receiver, message, body, at);
          dropOldest.run(receiver);
        }
        if (entry?.value === null) removeEntry.run(entry.name);
        else if (entry) writeEntry.run(entry.name, entry.value);
      },
    ),
    peekMessage: (receiver) => (first.get(receiver) as WaitingMessage | undefined) ?? null,
    acknowledgeMessage: (id) => void remove.run(id),
    openOutbox: inTransaction(database, (receivers: readonly string[], entryName: string) => {
      keepOnly.run(JSON.stringify(receivers));
      return (readEntry.get(entryName) as { readonly value: string } | undefined)?.value ?? null;
    }),
  };
}
