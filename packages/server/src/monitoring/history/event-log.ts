/**
 * What counts as an event, and how it is written down: from what library and service tell of themselves to one line
 * each of what happened, with begin, end and codes.
 */
import type { SourceEvent } from 'portal-integrity';
import type { StoredEvent, NewEvent } from './event-store.js';
import type { History, Trouble } from './history.js';
import type { PreviousStatus, StatusUpdate } from '../tracked-status.js';

/** Writes down what happens. Nothing of it is waited for. */
export interface EventLog {
  /** The service has begun to run. Kept once it is written, with how the run before it left things. */
  started(details: { readonly version: string }): Promise<PreviousStatus | null>;
  /** Status, causes or parts are no longer what they were. */
  statusChanged(update: StatusUpdate): void;
  sourceChanged(event: SourceEvent): void;
  historyFailed(trouble: Trouble): void;
  /** Something else that happened and is over, e.g. an alert that could not be delivered. */
  add(event: Pick<NewEvent, 'kind' | 'to' | 'codes' | 'details'>): void;
}

/** Where it is written, and who is told. */
export interface EventLogOptions {
  readonly write: History['write'];
  /** Told of every event once it is written, and has its number. */
  readonly onEvent: (event: StoredEvent) => void;
  readonly now?: () => number;
}

/** Begins a chronicle. */
export function createEventLog({ write, onEvent, now = Date.now }: EventLogOptions): EventLog {
  /** An event that cannot be written is lost to the record, which the log has already told of. */
  function emit(written: Promise<StoredEvent>): Promise<StoredEvent | undefined> {
    return written.then(
      (event) => {
        onEvent(event);
        return event;
      },
      () => undefined,
    );
  }

  return {
    async started(details) {
      await emit(write('beginRun', now(), details));
      return write('previousRun').catch(() => null);
    },
    statusChanged(update) {
      void emit(write('recordStatus', update));
    },
    sourceChanged({ began_at, ended_at, ...change }) {
      const isBack = change.hash_after === change.hash_before;
      void emit(
        write('upsertEvent', {
          kind: 'integrity',
          beganAt: Date.parse(began_at),
          endedAt: Date.parse(ended_at),
          from: null,
          to: change.hash_after === null ? 'unreadable' : isBack ? 'put_back' : 'changed',
          codes: [change.hash_after === null ? 'SOURCE_UNREADABLE' : 'SOURCE_DRIFTED'],
          details: { ...change },
        }),
      );
    },
    historyFailed(trouble) {
      const at = now();
      const event = { kind: 'history', beganAt: at, from: null, codes: [] } as const;
      switch (trouble.what) {
        case 'damaged':
          void emit(
            write('addEvent', {
              ...event,
              endedAt: at,
              to: 'damaged',
              details: { kept_as: trouble.keptAs },
            }),
          );
          break;
        case 'not_kept':
        case 'not_written':
          void emit(
            write('transitionEvent', {
              ...event,
              endedAt: null,
              to: trouble.what,
              details: { cause: trouble.cause },
            }),
          );
          break;
        case 'written_again':
          write('endEvents', 'history', at).catch(() => undefined);
      }
    },
    add({ kind, to, codes, details }) {
      const at = now();
      void emit(write('addEvent', { kind, beganAt: at, endedAt: at, from: null, to, codes, details }));
    },
  };
}
