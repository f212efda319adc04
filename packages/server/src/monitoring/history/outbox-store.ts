/**
 * Messages that wait to be delivered, and small notes that belong to them, in the file: written together or not at all.
 */
import type { Database } from 'libsql';
import { MOST_WAITING } from './history-limits.js';
import { inTransaction } from './transaction.js';

/** A message that waits. */
export interface WaitingMessage {
  readonly id: number;
  readonly message: string;
  readonly body: string;
  /** Milliseconds since 1970. */
  readonly created_at: number;
}

/** A message to be written. */
export interface NewOutboxMessage {
  /** Key of the receiver. */
  readonly receiver: string;
  readonly message: string;
  readonly body: string;
}

/** A note under a name; `null` takes it away. */
export interface KeyValueEntry {
  readonly name: string;
  readonly value: string | null;
}

/** The outbox of one file. */
export interface OutboxStore {
  enqueue(messages: readonly NewOutboxMessage[], at: number, note: KeyValueEntry | null): void;
  /** The first that waits for a receiver. */
  peek(receiver: string): WaitingMessage | null;
  acknowledge(id: number): void;
  /** Takes away what waits for others than these. */
  keepOnly(receivers: readonly string[]): void;
  entry(name: string): string | null;
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

/** The outbox of `database`, whose tables are there. */
export function createOutboxStore(database: Database): OutboxStore {
  const insert = database.prepare(
    'INSERT INTO outbox (receiver, message, body, created_at) VALUES (?, ?, ?, ?)',
  );
  const bound = database.prepare(
    `DELETE FROM outbox WHERE receiver = ?1
     AND id <= (SELECT id FROM outbox WHERE receiver = ?1 ORDER BY id DESC LIMIT 1 OFFSET ${MOST_WAITING})`,
  );
  const first = database.prepare(
    'SELECT id, message, body, created_at FROM outbox WHERE receiver = ? ORDER BY id LIMIT 1',
  );
  const crossOff = database.prepare('DELETE FROM outbox WHERE id = ?');
  const keepOnly = database.prepare(
    'DELETE FROM outbox WHERE receiver NOT IN (SELECT value FROM json_each(?))',
  );
  const readNote = database.prepare('SELECT value FROM notes WHERE name = ?');
  const writeNote = database.prepare('INSERT OR REPLACE INTO notes VALUES (?, ?)');
  const removeNote = database.prepare('DELETE FROM notes WHERE name = ?');

  return {
    enqueue: inTransaction(
      database,
      (messages: readonly NewOutboxMessage[], at: number, note: KeyValueEntry | null) => {
        for (const { receiver, message, body } of messages) {
          insert.run(receiver, message, body, at);
          bound.run(receiver);
        }
        if (note?.value === null) removeNote.run(note.name);
        else if (note) writeNote.run(note.name, note.value);
      },
    ),
    peek: (receiver) => (first.get(receiver) as WaitingMessage | undefined) ?? null,
    acknowledge(id) {
      crossOff.run(id);
    },
    keepOnly(receivers) {
      keepOnly.run(JSON.stringify(receivers));
    },
    entry: (name) => (readNote.get(name) as { readonly value: string } | undefined)?.value ?? null,
  };
}
