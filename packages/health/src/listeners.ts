/**
 * Calls the listeners of the application: `onFailure`, `onStatusChange` and `onReport`.
 */
import type { HealthOptions } from './health-options.js';
import { allProblems, type HealthSnapshot } from './report.js';
import type { FinishedRun } from './run-counts.js';
import { sourceCode, type SourceProblem } from './source-option.js';
import type { Outcome, Report, Status, Viewer } from './types.js';
import type { AnyFigures } from './watched-type.js';

/** Where a report comes from. */
interface ReportSource {
  readonly current: () => HealthSnapshot;
  readonly report: (viewer: Viewer) => Report;
}

export interface Listeners {
  ran(run: FinishedRun): void;
  /** Calls `listener` after every run, until what is returned is called. */
  readonly onRun: (listener: (run: FinishedRun) => void) => () => void;
  failed(name: string, outcome: Outcome<AnyFigures>): void;
  /** `awaitsSource`: the source is not known yet, and a status without it would be taken back as soon as it is. */
  reported(awaitsSource: boolean): void;
  /** Tells what was held back for it. */
  sourceKnown(): void;
  /** Between two runs, too, a status is told when it is another one. */
  noteStatus(): void;
  /** The source may say something else than before: a problem is told when it is new. */
  sourceChanged(problems: readonly SourceProblem[]): void;
}

export function createListeners(
  { onFailure, onStatusChange, onReport }: HealthOptions,
  { current, report }: ReportSource,
): Listeners {
  let status: Status | null = null;
  const runListeners = new Set<(run: FinishedRun) => void>();
  let toldOfSource = new Set<string>();
  let isHeldBack = false;

  function noteStatus(): void {
    const published = report('public');
    if (published.status === status) return;
    const from = status;
    status = published.status;
    notify(onStatusChange, { from, to: status, report: published, codes: allProblems(current()) });
  }

  function tell(): void {
    noteStatus();
    if (onReport) notify(onReport, { report: report('admin'), codes: allProblems(current()) });
  }

  return {
    ran(run) {
      for (const listener of runListeners) notify(listener, run);
    },
    onRun(listener) {
      runListeners.add(listener);
      return () => runListeners.delete(listener);
    },
    failed(name, { state, problems, remarks = [], cause }) {
      if (state === 'up' && problems.length + remarks.length === 0) return;
      notify(onFailure, { name, problems, remarks, cause });
    },
    reported(awaitsSource) {
      isHeldBack ||= awaitsSource;
      if (!awaitsSource) tell();
    },
    sourceKnown() {
      if (isHeldBack) tell();
      else noteStatus();
    },
    noteStatus,
    sourceChanged(problems) {
      const toldBefore = toldOfSource;
      toldOfSource = new Set(problems.map(textOf));
      for (const problem of problems) {
        if (toldBefore.has(textOf(problem))) continue;
        const { code, message = '' } = problem;
        notify(onFailure, {
          name: 'source',
          problems: [sourceCode(problem)],
          remarks: [],
          cause: { code, message },
        });
      }
    },
  };
}

function textOf({ kind, code }: SourceProblem): string {
  return `${kind} ${code}`;
}

/** What a listener throws is the application's own failure: it must not stop the sampling. */
function notify<Event>(listener: ((event: Event) => void) | undefined, event: Event): void {
  try {
    listener?.(event);
  } catch {
    // Not a problem of database or cache.
  }
}
