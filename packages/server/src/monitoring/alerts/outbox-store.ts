/**
 * The outbox in the fleet file: messages that wait for their receivers, and what became of those that do not any more.
 */
import type { Database } from 'libsql';
import { inTransaction } from '../../infra/sqlite/transaction.js';
import { DAY_MS, MOST_WAITING } from '../history/history-limits.js';

export interface WaitingMessage {
  readonly id: number;
  readonly message: string;
  readonly body: string;
  /** Milliseconds since 1970. */
  readonly created_at: number;
}

export interface NewMessage {
  /** Its key. */
  readonly receiver: string;
  /** For people: `slack 2`. */
  readonly receiverName: string;
  /** The same in every attempt, from every watcher. */
  readonly message: string;
  readonly body: string;
  /** Id of the incident it is about. */
  readonly incident: string;
  readonly transition: string;
}

/** Of an earlier version, which knew less of its messages. */
export interface OldMessage {
  readonly receiver: string;
  readonly message: string;
  readonly body: string;
  readonly created_at: number;
}

export const DELIVERY_STATES = ['waiting', 'accepted', 'given_up'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** What was sent to whom. */
export interface Delivery {
  readonly receiver: string;
  readonly transition: string;
  readonly message: string;
  readonly state: DeliveryState;
  /** Since when, milliseconds since 1970. */
  readonly at: number;
}

export interface LatestDelivery extends Delivery {
  /** Id of what it is about. */
  readonly incident: string;
}

export interface WaitingCount {
  /** Key of the receiver. */
  readonly receiver: string;
  readonly count: number;
  /** Since when the oldest waits, milliseconds since 1970. */
  readonly since: number;
}

export interface OutboxStore {
  /** What was enqueued before, to the same receiver by the same id, is not enqueued again. */
  enqueueMessages(messages: readonly NewMessage[], at: number): void;
  /** Takes over what an earlier version has left. */
  takeOldMessages(messages: readonly OldMessage[]): void;
  /** The oldest message for a receiver. */
  peekMessage(receiver: string): WaitingMessage | null;
  acknowledgeMessage(id: number, state: DeliveryState, at: number): void;
  /** Deletes messages for other receivers than these. */
  keepReceivers(receivers: readonly string[]): void;
  /** Since when the oldest waits, milliseconds since 1970. */
  oldestMessage(): number | null;
  deliveriesOf(incident: string): readonly Delivery[];
  /** Of all incidents, the latest first. */
  latestDeliveries(limit: number): readonly LatestDelivery[];
  /** What waits, of each receiver that something waits for. */
  waitingMessages(): readonly WaitingCount[];
}

/** As long as incidents are kept, whose documents name them. */
const DELIVERIES_FOR_MS = 366 * DAY_MS;

export const OUTBOX_SCHEMA = `
  CREATE TABLE IF NOT EXISTS outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT, receiver TEXT NOT NULL, message TEXT NOT NULL, body TEXT NOT NULL,
    created_at INTEGER NOT NULL, UNIQUE (receiver, message));
  CREATE INDEX IF NOT EXISTS outbox_of_receiver ON outbox (receiver, id);
  CREATE TABLE IF NOT EXISTS deliveries (
    receiver TEXT NOT NULL, message TEXT NOT NULL, name TEXT NOT NULL, incident TEXT NOT NULL, transition TEXT NOT NULL,
    state TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (receiver, message)) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS deliveries_of_incident ON deliveries (incident);
  CREATE INDEX IF NOT EXISTS deliveries_by_time ON deliveries (at);
`;

/** Over a database whose tables exist. */
export function createOutboxStore(database: Database): OutboxStore {
  const insert = database.prepare(
    'INSERT INTO outbox (receiver, message, body, created_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  );
  const dropOldest = database.prepare(
    `DELETE FROM outbox WHERE receiver = ?1
     AND id <= (SELECT id FROM outbox WHERE receiver = ?1 ORDER BY id DESC LIMIT 1 OFFSET ${MOST_WAITING})`,
  );
  const first = database.prepare(
    'SELECT id, message, body, created_at FROM outbox WHERE receiver = ? ORDER BY id LIMIT 1',
  );
  const find = database.prepare('SELECT receiver, message FROM outbox WHERE id = ?');
  const remove = database.prepare('DELETE FROM outbox WHERE id = ?');
  const keepOnly = database.prepare(
    'DELETE FROM outbox WHERE receiver NOT IN (SELECT value FROM json_each(?))',
  );
  const oldest = database.prepare('SELECT min(created_at) AS at FROM outbox');
  const note = database.prepare(
    `INSERT INTO deliveries (receiver, message, name, incident, transition, state, at)
     VALUES (?, ?, ?, ?, ?, 'waiting', ?) ON CONFLICT DO NOTHING`,
  );
  const settle = database.prepare(
    'UPDATE deliveries SET state = ?, at = ? WHERE receiver = ? AND message = ?',
  );
  const prune = database.prepare('DELETE FROM deliveries WHERE at < ?');
  const ofIncident = database.prepare(
    'SELECT name AS receiver, transition, message, state, at FROM deliveries WHERE incident = ? ORDER BY at, message',
  );
  const latest = database.prepare(
    'SELECT name AS receiver, transition, message, state, at, incident FROM deliveries ORDER BY at DESC, message LIMIT ?',
  );
  const waiting = database.prepare(
    'SELECT receiver, count(*) AS count, min(created_at) AS since FROM outbox GROUP BY receiver',
  );

  return {
    enqueueMessages: inTransaction(database, (messages: readonly NewMessage[], at: number) => {
      for (const { receiver, receiverName, message, body, incident, transition } of messages) {
        const { changes } = note.run(receiver, message, receiverName, incident, transition, at);
        if (changes === 0) continue;
        insert.run(receiver, message, body, at);
        dropOldest.run(receiver);
      }
      if (messages.length > 0) prune.run(at - DELIVERIES_FOR_MS);
    }),
    takeOldMessages: inTransaction(database, (messages: readonly OldMessage[]) => {
      for (const { receiver, message, body, created_at: at } of messages)
        insert.run(receiver, message, body, at);
    }),
    peekMessage: (receiver) => (first.get(receiver) as WaitingMessage | undefined) ?? null,
    acknowledgeMessage: inTransaction(database, (id: number, state: DeliveryState, at: number) => {
      const found = find.get(id) as { readonly receiver: string; readonly message: string } | undefined;
      if (found) settle.run(state, at, found.receiver, found.message);
      remove.run(id);
    }),
    keepReceivers: (receivers) => void keepOnly.run(JSON.stringify(receivers)),
    oldestMessage: () => (oldest.get() as { readonly at: number | null }).at,
    deliveriesOf: (incident) => ofIncident.all(incident) as Delivery[],
    latestDeliveries: (limit) => latest.all(limit) as LatestDelivery[],
    waitingMessages: () => waiting.all() as WaitingCount[],
  };
}
