/**
 * Everything that the history thread can be asked to do with its file.
 */
import type { Database } from 'libsql';
import type { LeftBehind, Stand } from '../stand.js';
import {
  createEvents,
  type Details,
  type EventType,
  type EventPage,
  type EventQuery,
  type StoredEvent,
  type NewEvent,
} from './event-store.js';
import { createCauseStore } from './cause-store.js';
import {
  createOutboxStore,
  type NewOutboxMessage,
  type KeyValueEntry,
  type WaitingMessage,
} from './outbox-store.js';
import type { HistoryQuery } from './history-query.js';
import { GOES_ON_FOR_MS } from './history-limits.js';
import { createSamples, type SampleColumns } from './sample-store.js';
import { STATUSES, type StoredSample } from './series.js';
import { createStatusTotals, type Present, type Range, type Shares, type Totals } from './status-totals.js';
import { inTransaction } from './transaction.js';

/** What was measured, and the sums of what was asked for. */
export interface HistoryPage extends SampleColumns {
  readonly share: Shares;
  readonly totals: Totals;
}

/** The tasks by name; what they take and give is copied from thread to thread. */
export interface HistoryStore {
  addSamples(samples: readonly StoredSample[]): void;
  readSamples(plan: HistoryQuery): SampleColumns;
  /** The steps of a plan, and the sums of exactly the time that was asked for. */
  readHistory(plan: HistoryQuery, asked: Range, present: Present): HistoryPage;
  addEvent(event: NewEvent): StoredEvent;
  transitionEvent(event: NewEvent): StoredEvent;
  upsertEvent(event: NewEvent): StoredEvent;
  endEvents(kind: EventType, at: number): void;
  /** Notes how things stand: a stretch of one status goes on, or ends and another begins. Gives the one that goes on. */
  recordStatus(stand: Stand): StoredEvent;
  readEvents(query: EventQuery): EventPage;
  /** Puts messages into the outbox, with a note, all or nothing. */
  enqueueMessages(messages: readonly NewOutboxMessage[], at: number, note: KeyValueEntry | null): void;
  peekMessage(receiver: string): WaitingMessage | null;
  acknowledgeMessage(id: number): void;
  /** Takes away messages for other receivers than these; gives the note of that name. */
  openOutbox(receivers: readonly string[], noteName: string): string | null;
  /** A run of the service begins; one that has not ended was lost when it was last heard of. */
  beginRun(at: number, details: Details): StoredEvent;
  /** How the run before this one left things; `null` when that is unknown, or too long ago to go on. */
  previousRun(): LeftBehind | null;
  /** The run ends in good order. */
  endRun(at: number): void;
}

/** A task. */
export type HistoryTaskName = keyof HistoryStore;

/** The tasks on `database`, whose tables are there. */
export function createHistoryStore(database: Database): HistoryStore {
  const samples = createSamples(database);
  const events = createEvents(database);
  const outbox = createOutboxStore(database);
  const holding = createCauseStore(database);
  const sums = createStatusTotals(database);
  let left: LeftBehind | null = null;

  /** All that goes on, as far as is known. */
  function endAll(at: number, end: 'lost' | 'stopped'): void {
    events.end('status', at);
    events.end('history', at);
    events.end('service', at, { end });
    holding.cut(at);
  }

  /** A run that ended before its first look knew nothing: what counts is when a status was last known. */
  function whatWasLeft(at: number): LeftBehind | null {
    const last = events.lastStatus();
    const until = last?.until ?? at;
    if (!last || at - until > GOES_ON_FOR_MS) return null;
    // A clock that was set back in between: for how long things had been so is still true.
    const byMs = Math.min(0, at - until);
    const { causes, parts } = holding.left();
    return {
      until,
      status: last.status,
      since: last.since + byMs,
      causes: causes.map(({ component, code, since }) => ({ component, code, since: since + byMs })),
      parts: parts.map(({ name, state, since, answersSince }) => {
        return { name, state, since: since + byMs, answersSince: answersSince + byMs };
      }),
    };
  }

  return {
    addSamples: (taken) => samples.add(taken),
    readSamples: (plan) => samples.read(plan),
    addEvent: (event) => events.add(event),
    transitionEvent: (event) => events.transition(event),
    upsertEvent: (event) => events.upsert(event),
    endEvents: (kind, at) => events.end(kind, at),
    readHistory(plan, asked, present) {
      const reading = samples.read(plan);
      const { share, worst } = sums.steps(plan, plan.stepMs, present);
      const lastMs = samples.lastAt(present.nowMs) ?? 0;
      // Events leave no holes between two looks, samples go further back than some events; and no status is told of a
      // time whose figures are still on their way.
      const status = reading.status.map((sampled, step) => {
        const told = plan.fromMs + step * plan.stepMs <= lastMs ? (worst[step] ?? -1) : -1;
        return STATUSES[Math.max(told, sampled === null ? -1 : STATUSES.indexOf(sampled))] ?? null;
      });
      return { ...reading, status, share, totals: sums.totals(asked, present) };
    },
    recordStatus: inTransaction(database, (stand: Stand) => {
      const { at, knownUntil, isBroken, from, status, since, codes, details } = stand;
      holding.holds(stand.causes, stand.parts, knownUntil);
      const current = isBroken ? undefined : events.amendStatus(status, codes);
      if (current) return current;
      events.end('status', knownUntil);
      const event = {
        kind: 'status',
        beganAt: at,
        endedAt: null,
        to: status,
        codes,
        details,
        since,
      } as const;
      return events.add({ ...event, from });
    }),
    readEvents: (query) => events.read(query),
    enqueueMessages: (messages, at, note) => outbox.enqueue(messages, at, note),
    peekMessage: (receiver) => outbox.peek(receiver),
    acknowledgeMessage: (id) => outbox.acknowledge(id),
    openOutbox: inTransaction(database, (receivers: readonly string[], noteName: string) => {
      outbox.keepOnly(receivers);
      return outbox.entry(noteName);
    }),
    beginRun: inTransaction(database, (at: number, details: Details) => {
      const lastHeardAt = Math.max(samples.lastAt(at) ?? 0, events.lastAt(at) ?? 0);
      endAll(lastHeardAt, 'lost');
      left = whatWasLeft(at);
      const run = { kind: 'service', beganAt: at, endedAt: null, from: null, to: 'running' } as const;
      return events.add({ ...run, codes: [], details });
    }),
    previousRun: () => left,
    endRun: inTransaction(database, (at: number) => endAll(at, 'stopped')),
  };
}
