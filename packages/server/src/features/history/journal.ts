/**
 * Everything that the history thread can be asked to do with its file.
 */
import type { Database } from 'libsql';
import {
  createEvents,
  type Details,
  type EventKind,
  type EventPage,
  type EventQuery,
  type JournalEvent,
  type NewEvent,
} from './events.js';
import { createOutbox, type NewMessage, type Note, type WaitingMessage } from './outbox.js';
import type { Plan } from './plan.js';
import { createSamples, type Reading } from './samples.js';
import type { Sample } from './series.js';
import { inTransaction } from './transaction.js';

/** The tasks by name; what they take and give is copied from thread to thread. */
export interface Journal {
  addSamples(samples: readonly Sample[]): void;
  readSamples(plan: Plan): Reading;
  addEvent(event: NewEvent): JournalEvent;
  turnEvent(event: NewEvent): JournalEvent;
  putEvent(event: NewEvent): JournalEvent;
  endEvents(kind: EventKind, at: number): void;
  amendEvent(id: number, codes: readonly string[]): void;
  readEvents(query: EventQuery): EventPage;
  /** Puts messages into the outbox, with a note, all or nothing. */
  putMessages(messages: readonly NewMessage[], at: number, note: Note | null): void;
  firstMessage(receiver: string): WaitingMessage | null;
  crossOff(id: number): void;
  /** Takes away messages for other receivers than these; gives the note of that name. */
  openOutbox(receivers: readonly string[], noteName: string): string | null;
  /** A run of the service begins; one that has not ended was lost when it was last heard of. */
  beginRun(at: number, details: Details): JournalEvent;
  /** The run ends in good order. */
  endRun(at: number): void;
}

/** A task. */
export type TaskName = keyof Journal;

/** The tasks on `database`, whose tables are there. */
export function createJournal(database: Database): Journal {
  const samples = createSamples(database);
  const events = createEvents(database);
  const outbox = createOutbox(database);

  return {
    addSamples: (taken) => samples.add(taken),
    readSamples: (plan) => samples.read(plan),
    addEvent: (event) => events.add(event),
    turnEvent: (event) => events.turn(event),
    putEvent: (event) => events.put(event),
    endEvents: (kind, at) => events.end(kind, at),
    amendEvent: (id, codes) => events.amend(id, codes),
    readEvents: (query) => events.read(query),
    putMessages: (messages, at, note) => outbox.put(messages, at, note),
    firstMessage: (receiver) => outbox.first(receiver),
    crossOff: (id) => outbox.crossOff(id),
    openOutbox: inTransaction(database, (receivers: readonly string[], noteName: string) => {
      outbox.keepOnly(receivers);
      return outbox.note(noteName);
    }),
    beginRun: inTransaction(database, (at: number, details: Details) => {
      const lastHeardAt = Math.max(samples.lastAt() ?? 0, events.lastAt() ?? 0);
      events.end('service', lastHeardAt, { end: 'lost' });
      events.end('status', lastHeardAt);
      events.end('history', lastHeardAt);
      return events.add({
        kind: 'service',
        beganAt: at,
        endedAt: null,
        from: null,
        to: 'running',
        codes: [],
        details,
      });
    }),
    endRun: inTransaction(database, (at: number) => {
      events.end('status', at);
      events.end('history', at);
      events.end('service', at, { end: 'stopped' });
    }),
  };
}
