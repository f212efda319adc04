/**
 * The last snapshot and the reports that were made of it, kept until something that was read changes.
 */
import { componentStatus, type Component } from './components.js';
import type { EventLoopWatch } from './probes/event-loop.js';
import { buildReport, type ComponentStatus, type HealthSnapshot } from './report.js';
import { sameInput, snapshotOf, type SnapshotConstants, type SnapshotInput } from './snapshot.js';
import { sourceProblems, sourceState, type HealthSource } from './source-option.js';
import type { Report, Viewer } from './types.js';

/** Where a snapshot is read from. */
interface SnapshotCacheOptions extends SnapshotConstants {
  /** Caches that should be there and are not configured. */
  readonly missing: readonly ComponentStatus[];
  readonly components: readonly Component[];
  readonly eventLoop: EventLoopWatch;
  readonly source: HealthSource | undefined;
}

export interface SnapshotCache {
  /** A probe or the source has something new. */
  readonly invalidate: () => void;
  /** Whether everything was read within this millisecond. */
  readonly isFresh: (nowMs: number) => boolean;
  /** The public report, where one was made of what was read within this millisecond. */
  readonly freshReport: (nowMs: number) => Report | undefined;
  readonly current: () => HealthSnapshot;
  readonly report: (viewer: Viewer) => Report;
}

/**
 * What a probe or the source says counts at once. The rest, such as the pool's counts, is read once a millisecond, and
 * not for each of the thirty requests that a busy server answers in it: that took a tenth of their time.
 */
const READ_EVERY_MS = 1;

export function createSnapshotCache({
  missing,
  components,
  eventLoop,
  source,
  ...constants
}: SnapshotCacheOptions): SnapshotCache {
  let revision = 0;
  let readAgainAtMs = 0;
  let input: SnapshotInput | undefined;
  let snapshot: HealthSnapshot | undefined;
  const reports = new Map<Viewer, Report>();

  function isFresh(nowMs: number): boolean {
    return input?.revision === revision && nowMs < readAgainAtMs;
  }

  function read(nowMs: number): SnapshotInput {
    return {
      revision,
      components: [
        ...missing.map((status) => ({ status })),
        ...components.map((component) => ({
          status: componentStatus(component, nowMs),
          pool: component.pool?.read(),
          figures: component.sampler.latest()?.outcome.figures,
        })),
      ],
      eventLoop: eventLoop.problems(),
      source: sourceProblems(source),
      sourceHash: source?.hash ?? null,
      sourceState: sourceState(source),
      runs: () => components.map(({ runs }) => runs.counts()),
    };
  }

  /** The same object as last time unless something has changed since. */
  function current(): HealthSnapshot {
    const nowMs = performance.now();
    if (snapshot && isFresh(nowMs)) return snapshot;
    readAgainAtMs = nowMs + READ_EVERY_MS;
    const next = read(nowMs);
    if (snapshot && input && sameInput(input, next)) return snapshot;
    input = next;
    reports.clear();
    return (snapshot = snapshotOf(constants, next));
  }

  return {
    invalidate() {
      revision += 1;
    },
    isFresh,
    freshReport: (nowMs) => (isFresh(nowMs) ? reports.get('public') : undefined),
    current,
    report(viewer) {
      const now = current();
      let report = reports.get(viewer);
      if (!report) reports.set(viewer, (report = buildReport(now, viewer)));
      return report;
    },
  };
}
