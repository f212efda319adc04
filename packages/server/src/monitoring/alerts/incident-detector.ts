/**
 * When an incident begins, worsens and ends: only once the status has held for a while, because a single late answer
 * is no reason to wake anybody. Pure but for the clock it is given.
 */
import type { Status } from 'portal-health';

/** An incident that goes on: it is kept in the file, so that a start in the middle of one begins no other. */
export interface Incident {
  readonly id: string;
  /** The worst that was told of it. */
  readonly status: Exclude<Status, 'healthy'>;
  /** ISO 8601, UTC, with milliseconds. */
  readonly since: string;
}

/** What counts now, and did not before. `since` is when it was first seen, in milliseconds since 1970. */
export type IncidentTransition =
  | { readonly what: 'began' | 'worsened'; readonly status: Incident['status']; readonly since: number }
  | { readonly what: 'ended'; readonly since: number };

/** Holds each report against the incident that goes on. */
export interface IncidentDetector {
  /** @returns what has to be told; it is told once, so whoever asks must see to it */
  detect(status: Status, current: Incident | undefined, atMs: number): IncidentTransition | undefined;
}

/** How long a status must hold. */
export interface IncidentDetectorOptions {
  /** Looks in a row. */
  readonly after: number;
  /** Milliseconds between two looks. */
  readonly intervalMs: number;
}

/** Looks come a tenth early or late. */
const EARLY = 0.85;

/** Since when something has been so without a break, in milliseconds since 1970. */
interface SustainedCondition {
  /** Counts the moment, and says whether it has been so for long enough. */
  note(isSo: boolean, atMs: number): boolean;
  since(): number;
}

function createSustainedCondition(forMs: number): SustainedCondition {
  let beganMs: number | undefined;
  return {
    note(isSo, atMs) {
      // A clock that was set back begins the streak anew: a little late is better than never.
      beganMs = isSo ? Math.min(beganMs ?? atMs, atMs) : undefined;
      return beganMs !== undefined && atMs - beganMs >= forMs;
    },
    since: () => beganMs ?? 0,
  };
}

/** Has seen nothing yet. */
export function createIncidentDetector({ after, intervalMs }: IncidentDetectorOptions): IncidentDetector {
  const forMs = (after - 1) * intervalMs * EARLY;
  const unwell = createSustainedCondition(forMs);
  const unhealthy = createSustainedCondition(forMs);
  const healthy = createSustainedCondition(forMs);

  return {
    detect(status, current, atMs) {
      const isUnhealthy = unhealthy.note(status === 'unhealthy', atMs);
      const isUnwell = unwell.note(status !== 'healthy', atMs);
      const isHealthy = healthy.note(status === 'healthy', atMs);
      if (!current) {
        if (!isUnwell) return undefined;
        return { what: 'began', status: isUnhealthy ? 'unhealthy' : 'degraded', since: unwell.since() };
      }
      if (isHealthy) return { what: 'ended', since: healthy.since() };
      if (isUnhealthy && current.status === 'degraded') {
        return { what: 'worsened', status: 'unhealthy', since: unhealthy.since() };
      }
      return undefined;
    },
  };
}
