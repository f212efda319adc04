/**
 * Whether the watcher itself is blind. Pure: a watcher whose own network is cut would otherwise call everything down. All
 * times in milliseconds since 1970.
 */

/** What is asked of one instance, or of several alike. */
export interface Seen {
  readonly service: string;
  /** How many; default: one. */
  readonly instances?: number;
  /** `null`: it never answered, so its silence is no loss. */
  readonly answeredAt: number | null;
  readonly lostAt: number | null;
  /** Within which a loss shows: the interval and the timeout. */
  readonly windowMs: number;
}

export interface Sight {
  /** Since when the watcher is blind; `null` while it sees. */
  readonly blindSince: number | null;
  /** It was blind for so long that the loss counts as an outage, until something answers again. */
  readonly hasGivenUp: boolean;
}

export const SEEING: Sight = { blindSince: null, hasGivenUp: false };

/** Without an address that must answer, everything lost at once is blindness for as long, and then an outage. */
const LONGEST_GUESS_MS = 120_000;
const LEAST_INSTANCES = 3;
const LEAST_SERVICES = 2;
/** With such an address, a part is enough. */
const LEAST_WITH_REACH = 10;
const LOST_SHARE = 0.3;

/** @param reach - whether the address answers that must answer; `undefined`: there is none */
export function judgeSight(
  before: Sight,
  instances: Iterable<Seen>,
  nowMs: number,
  reach: boolean | undefined,
): Sight {
  // Of the future: the clock was set back, and nobody waits until it is there again.
  const blindSince = before.blindSince && Math.min(before.blindSince, nowMs);
  const { known, lost, lostServices, hasAnswer } = count(instances, blindSince, nowMs);
  if (blindSince !== null) {
    if (reach ?? hasAnswer) return SEEING;
    const isOutage = reach === undefined && nowMs - blindSince >= LONGEST_GUESS_MS;
    if (isOutage) return { blindSince: null, hasGivenUp: true };
    return blindSince === before.blindSince ? before : { ...before, blindSince };
  }
  if (before.hasGivenUp) return hasAnswer ? SEEING : before;
  const isWide = lostServices >= LEAST_SERVICES;
  const isBlind =
    reach === undefined
      ? isWide && known >= LEAST_INSTANCES && lost === known
      : isWide && !reach && known >= LEAST_WITH_REACH && lost >= known * LOST_SHARE;
  return isBlind ? { blindSince: nowMs, hasGivenUp: false } : before;
}

interface Counted {
  /** Instances that answered until lately. */
  readonly known: number;
  readonly lost: number;
  readonly lostServices: number;
  /** Whether any has answered since the watcher went blind, or does now. */
  readonly hasAnswer: boolean;
}

function count(instances: Iterable<Seen>, blindSince: number | null, nowMs: number): Counted {
  const services = new Set<string>();
  let known = 0;
  let lost = 0;
  let hasAnswer = false;
  for (const { service, instances: alike = 1, answeredAt, lostAt, windowMs } of instances) {
    if (answeredAt === null || alike === 0) continue;
    if (lostAt === null && answeredAt > (blindSince ?? 0) && answeredAt <= nowMs) hasAnswer = true;
    // What was lost before is no part of what is being lost now.
    if (lostAt !== null && nowMs - lostAt > windowMs) continue;
    known += alike;
    if (lostAt === null) continue;
    lost += alike;
    services.add(service);
  }
  return { known, lost, lostServices: services.size, hasAnswer };
}
