/**
 * When an incident begins, worsens and ends: only after the status has lasted for some probe runs, because one late answer
 * is no reason to wake an operator.
 */
import type { Status } from 'portal-health';

/** Kept in the file, so that a restart in the middle of an incident begins no other. */
export interface Incident {
  readonly id: string;
  /** The worst that an alert has reported. */
  readonly status: Exclude<Status, 'healthy'>;
  /** ISO 8601, UTC, with milliseconds. */
  readonly since: string;
  /** Whether an alert has said why; absent in the file of an older version. */
  readonly isExplained?: boolean;
}

/** `since`: the first report of the new status, in milliseconds since 1970. */
export type IncidentTransition =
  | { readonly type: 'began' | 'worsened'; readonly status: Incident['status']; readonly since: number }
  | { readonly type: 'ended'; readonly since: number };

export interface IncidentDetector {
  /** To be called with every report and the open incident, which the caller keeps. */
  detect(status: Status, current: Incident | undefined, atMs: number): IncidentTransition | undefined;
}

export interface IncidentDetectorOptions {
  /** Probe runs in a row before a status counts. */
  readonly after: number;
  /** Milliseconds between two probe runs. */
  readonly intervalMs: number;
}

/** Probe runs are an interval ± 10 % apart. */
const EARLY = 0.85;

interface SustainedCondition {
  /** @returns whether it has been true without a break for long enough */
  observe(isTrue: boolean, atMs: number): boolean;
  /** In milliseconds since 1970. */
  since(): number;
}

function createSustainedCondition(forMs: number): SustainedCondition {
  let beganMs: number | undefined;
  return {
    observe(isTrue, atMs) {
      // A clock that was set back begins the time anew: a late alert is better than none.
      beganMs = isTrue ? Math.min(beganMs ?? atMs, atMs) : undefined;
      return beganMs !== undefined && atMs - beganMs >= forMs;
    },
    since: () => beganMs ?? 0,
  };
}

export function createIncidentDetector({ after, intervalMs }: IncidentDetectorOptions): IncidentDetector {
  const forMs = (after - 1) * intervalMs * EARLY;
  const unwell = createSustainedCondition(forMs);
  const unhealthy = createSustainedCondition(forMs);
  const healthy = createSustainedCondition(forMs);

  return {
    detect(status, current, atMs) {
      const isUnhealthy = unhealthy.observe(status === 'unhealthy', atMs);
      const isUnwell = unwell.observe(status !== 'healthy', atMs);
      const isHealthy = healthy.observe(status === 'healthy', atMs);
      if (!current) {
        if (!isUnwell) return undefined;
        return { type: 'began', status: isUnhealthy ? 'unhealthy' : 'degraded', since: unwell.since() };
      }
      if (isHealthy) return { type: 'ended', since: healthy.since() };
      if (isUnhealthy && current.status === 'degraded') {
        return { type: 'worsened', status: 'unhealthy', since: unhealthy.since() };
      }
      return undefined;
    },
  };
}
