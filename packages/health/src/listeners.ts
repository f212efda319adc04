/**
 * Calls the listeners of the application: `onFailure`, `onStatusChange` and `onReport`.
 */
import type { HealthOptions } from './health-options.js';
import { allProblems, type HealthSnapshot } from './report.js';
import type { FinishedRun } from './run-counts.js';
import type { Outcome, Report, Status, Viewer } from './types.js';
import type { AnyFigures } from './watched.js';

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
  reported(): void;
}

export function createListeners(
  { onFailure, onStatusChange, onReport }: HealthOptions,
  { current, report }: ReportSource,
): Listeners {
  let status: Status | null = null;
  const runListeners = new Set<(run: FinishedRun) => void>();
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
    reported() {
      const codes = allProblems(current());
      const published = report('public');
      if (published.status !== status) {
        const from = status;
        status = published.status;
        notify(onStatusChange, { from, to: status, report: published, codes });
      }
      if (onReport) notify(onReport, { report: report('admin'), codes });
    },
  };
}

/** What a listener throws is the application's own failure: it must not stop the sampling. */
function notify<Event>(listener: ((event: Event) => void) | undefined, event: Event): void {
  try {
    listener?.(event);
  } catch {
    // Not a problem of database or cache.
  }
}
