/**
 * When a status counts: only after it has lasted for some probe runs, because one late answer is no reason to wake an
 * operator.
 */
import type { Status } from 'portal-health';

/** `since`: the first report of it, in milliseconds since 1970. */
export interface SettledStatus {
  readonly status: Status;
  readonly since: number;
}

export interface StatusDamper {
  /** To be called with every report. */
  observe(status: Status, atMs: number): void;
  /** Until it is well again, the worst that has lasted; `undefined`: nothing has lasted yet. */
  settled(): SettledStatus | undefined;
}

export interface StatusDamperOptions {
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

export function createStatusDamper({ after, intervalMs }: StatusDamperOptions): StatusDamper {
  const forMs = (after - 1) * intervalMs * EARLY;
  const unwell = createSustainedCondition(forMs);
  const unhealthy = createSustainedCondition(forMs);
  const healthy = createSustainedCondition(forMs);
  let settled: SettledStatus | undefined;

  return {
    observe(status, atMs) {
      const isUnhealthy = unhealthy.observe(status === 'unhealthy', atMs);
      const isUnwell = unwell.observe(status !== 'healthy', atMs);
      const isHealthy = healthy.observe(status === 'healthy', atMs);
      if (isHealthy && settled?.status !== 'healthy') settled = { status: 'healthy', since: healthy.since() };
      else if (isUnhealthy && settled?.status === 'degraded') {
        settled = { status: 'unhealthy', since: unhealthy.since() };
      } else if (isUnwell && (settled === undefined || settled.status === 'healthy')) {
        settled = { status: isUnhealthy ? 'unhealthy' : 'degraded', since: unwell.since() };
      }
    },
    settled: () => settled,
  };
}
