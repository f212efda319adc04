/**
 * The history file: every method that the history thread can be asked for. Arguments and results are copied from thread to
 * thread.
 */
import type { Database } from 'libsql';
import { shiftTimes, type PreviousStatus } from '../tracked-status.js';
import type { HealthyTime, HealthyTimeQuery } from '../healthy-time/healthy-time-query.js';
import { createCauseStore } from './cause-store.js';
import { createOwnTimes } from './own-times.js';
import { createEventStore, type Details, type EventStore, type StoredEvent } from './event-store.js';
import { GOES_ON_FOR_MS } from './history-limits.js';
import type { HistoryQuery } from './history-query.js';
import { createOldOutboxStore, type OldOutboxStore } from './old-outbox-store.js';
import { createReasonStore, type ReasonStore } from './reason-store.js';
import { createSampleStore, type SampleColumns, type SampleStore } from './sample-store.js';
import { STATUSES } from './series.js';
import type { Range } from '../healthy-time/healthy-time.js';
import { createStatusTotals, type Present, type Shares, type Totals } from './status-totals.js';
import { inTransaction } from '../../infra/sqlite/transaction.js';

export interface HistoryPage extends SampleColumns {
  readonly share: Shares;
  readonly totals: Totals;
}

export interface HistoryStore extends SampleStore, EventStore, OldOutboxStore, ReasonStore {
  /** The steps of `query`, and the totals of exactly the requested range. */
  readHistory(query: HistoryQuery, requested: Range, present: Present): HistoryPage;
  /** Of this service and its parts; `null`: nothing was measured yet. */
  readHealthyTime(query: HealthyTimeQuery, present: Present): HealthyTime | null;
  /** A run of the service begins. A run without an end was killed: it ended with its latest sample or event. */
  beginRun(at: number, details: Details): StoredEvent;
  /** The status at the end of the run before this one; `null` if it is unknown or more than a day old. */
  previousRun(): PreviousStatus | null;
  /** The service has stopped. */
  endRun(at: number): void;
}

/** Over a database whose tables exist. */
export function createHistoryStore(database: Database): HistoryStore {
  const causes = createCauseStore(database);
  const totals = createStatusTotals(database);
  const samples = createSampleStore(database);
  const events = createEventStore(database, { causes, totals });
  const reasons = createReasonStore(database, events);
  const readHealthyTime = createOwnTimes({ causes, totals });
  let previous: PreviousStatus | null = null;

  function endOpenEvents(at: number, end: 'lost' | 'stopped'): void {
    events.endEvents('status', at);
    events.endEvents('history', at);
    events.endEvents('service', at, { end });
    causes.cut(at);
    reasons.cut(at);
  }

  /** Of the last run that had a status. A run that ended before its first probe run has none. */
  function previousStatus(at: number): PreviousStatus | null {
    const last = events.lastStatus();
    const until = last?.until ?? at;
    if (!last || at - until > GOES_ON_FOR_MS) return null;
    // If the clock was set back in the meantime, durations stay true.
    const byMs = Math.min(0, at - until);
    const { status, since } = last;
    return { until, ...shiftTimes({ status, since, ...causes.previous() }, byMs) };
  }

  return {
    ...samples,
    ...events,
    recordReasons: (update) => reasons.recordReasons(update),
    ...createOldOutboxStore(database),
    readHistory(query, requested, present) {
      const columns = samples.readSamples(query);
      const { share, worst } = totals.steps(query, query.stepMs, present);
      const lastMs = samples.lastSampleAt(present.nowMs) ?? 0;
      // Events leave no gap between two samples, and samples go further back than some events. A step after the latest
      // sample has no status, because its values have not been written yet.
      const status = columns.status.map((sampled, step) => {
        const ofEvents = query.fromMs + step * query.stepMs <= lastMs ? (worst[step] ?? -1) : -1;
        return STATUSES[Math.max(ofEvents, sampled === null ? -1 : STATUSES.indexOf(sampled))] ?? null;
      });
      return { ...columns, status, share, totals: totals.totals(requested, present) };
    },
    readHealthyTime,
    beginRun: inTransaction(database, (at: number, details: Details) => {
      endOpenEvents(Math.max(samples.lastSampleAt(at) ?? 0, events.lastEventAt(at) ?? 0), 'lost');
      previous = previousStatus(at);
      const run = { kind: 'service', beganAt: at, endedAt: null, from: null, to: 'running' } as const;
      return events.addEvent({ ...run, codes: [], details });
    }),
    previousRun: () => previous,
    endRun: inTransaction(database, (at: number) => endOpenEvents(at, 'stopped')),
  };
}
