/**
 * What counts as an event, and how it is written down: from what library and service tell of themselves to one line
 * each of what happened, with begin, end and codes.
 */
import type { Report, SourceEvent, Status } from 'portal-health';
import type { JournalEvent, NewEvent } from './events.js';
import type { History, Trouble } from './history.js';

/** Writes down what happens. Nothing of it is waited for. */
export interface Chronicle {
  /** The service has begun to run. */
  began(details: { readonly version: string }): void;
  statusChanged(from: Status | null, report: Report): void;
  /** To be called with every report: a cause may come to others while the status stays. */
  reported(report: Report): void;
  sourceChanged(event: SourceEvent): void;
  troubled(trouble: Trouble): void;
  /** Something else that happened and is over, e.g. an alert that could not be delivered. */
  happened(event: Pick<NewEvent, 'kind' | 'to' | 'codes' | 'details'>): void;
}

/** Where it is written, and who is told. */
export interface ChronicleOptions {
  readonly write: History['write'];
  /** Told of every event once it is written, and has its number. */
  readonly onEvent: (event: JournalEvent) => void;
  readonly now?: () => number;
}

/** Begins a chronicle. */
export function createChronicle({ write, onEvent, now = Date.now }: ChronicleOptions): Chronicle {
  /** The status event that goes on, and the codes it has had. */
  let current: { readonly written: Promise<JournalEvent | undefined>; codes: readonly string[] } | undefined;

  /** An event that cannot be written is lost to the record, which the log has already told of. */
  function tell(written: Promise<JournalEvent>): Promise<JournalEvent | undefined> {
    return written.then(
      (event) => {
        onEvent(event);
        return event;
      },
      () => undefined,
    );
  }

  return {
    began(details) {
      void tell(write('beginRun', now(), details));
    },
    statusChanged(from, report) {
      const codes = codesOf(report);
      const written = tell(
        write('turnEvent', {
          kind: 'status',
          beganAt: now(),
          endedAt: null,
          from,
          to: report.status,
          codes,
          details: {},
        }),
      );
      current = { written, codes };
    },
    reported(report) {
      if (!current || report.errors.length === 0) return;
      const { written, codes } = current;
      const all = [...new Set([...codes, ...codesOf(report)])];
      if (all.length === codes.length) return;
      current.codes = all;
      void written.then((event) => event && write('amendEvent', event.id, all)).catch(() => undefined);
    },
    sourceChanged({ began_at, ended_at, ...change }) {
      const isBack = change.hash_after === change.hash_before;
      void tell(
        write('putEvent', {
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
    troubled(trouble) {
      const at = now();
      const event = { kind: 'history', beganAt: at, from: null, codes: [] } as const;
      switch (trouble.what) {
        case 'damaged':
          void tell(
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
          void tell(
            write('turnEvent', {
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
    happened({ kind, to, codes, details }) {
      const at = now();
      void tell(write('addEvent', { kind, beganAt: at, endedAt: at, from: null, to, codes, details }));
    },
  };
}

/** The codes of the catalogue that a report names: each sentence ends in one. */
export function codesOf(report: Report): readonly string[] {
  return report.errors.map((sentence) => /\((\w+)\)$/.exec(sentence)?.[1] ?? sentence);
}
