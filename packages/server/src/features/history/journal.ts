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

  return {
    addSamples: (taken) => samples.add(taken),
    readSamples: (plan) => samples.read(plan),
    addEvent: (event) => events.add(event),
    turnEvent: (event) => events.turn(event),
    putEvent: (event) => events.put(event),
    endEvents: (kind, at) => events.end(kind, at),
    amendEvent: (id, codes) => events.amend(id, codes),
    readEvents: (query) => events.read(query),
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
