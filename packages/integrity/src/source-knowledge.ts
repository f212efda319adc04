/**
 * What is known of a source by now, and who is told when there is more.
 */
import type { SourceSettings } from './source-options.js';
import { changesBy, nothingKnown } from './source-snapshot.js';
import { integrityProblems, sourceVerdict, type IntegrityProblem, type SourceSnapshot } from './state.js';
import type { ScanReply } from './watch/scan-worker.js';
import type { SourceEvent } from './watch/source-event.js';

export interface SourceKnowledge {
  readonly known: () => SourceSnapshot;
  /** As of the last change of it. */
  readonly problems: () => readonly IntegrityProblem[];
  /** Begin of the verdict. */
  readonly since: () => Date;
  readonly learn: (changes: Partial<SourceSnapshot>) => void;
  readonly note: (news: {
    readonly changes: Partial<SourceSnapshot>;
    readonly event: SourceEvent | undefined;
  }) => void;
  /** Each event of a scan is told once. */
  readonly noteScan: (reply: ScanReply) => void;
  readonly onChange: (listener: () => void) => void;
}

export function createSourceKnowledge({
  scope,
  onEvent,
}: Pick<SourceSettings, 'scope' | 'onEvent'>): SourceKnowledge {
  const listeners = new Set<() => void>();
  let snapshot = nothingKnown(scope.exclude);
  let problems: readonly IntegrityProblem[] = [];
  let since = new Date();

  function learn(changes: Partial<SourceSnapshot>): void {
    const before = sourceVerdict(snapshot);
    snapshot = { ...snapshot, ...changes };
    problems = integrityProblems(snapshot);
    if (sourceVerdict(snapshot) !== before) since = new Date();
    for (const listener of listeners) listener();
  }

  return {
    known: () => snapshot,
    problems: () => problems,
    since: () => since,
    learn,
    note({ changes, event }) {
      learn(changes);
      if (event) emit(event, onEvent);
    },
    noteScan(reply) {
      const told = new Set(snapshot.events.map((event) => JSON.stringify(event)));
      learn(changesBy(reply, snapshot));
      if (reply.lastRun) for (const event of snapshot.lastRunEvents) emit(event, onEvent);
      for (const event of reply.changed?.events.toReversed() ?? []) {
        if (!told.has(JSON.stringify(event))) emit(event, onEvent);
      }
    },
    onChange(listener) {
      listeners.add(listener);
    },
  };
}

/** An exception of the listener does not stop the watch. */
function emit(event: SourceEvent, onEvent: (event: SourceEvent) => void): void {
  try {
    onEvent(event);
  } catch {
    // It is the application's own, and says nothing about the source.
  }
}
