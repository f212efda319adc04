/**
 * The status of a service of N instances. Pure and total; docs/fleet.md prints it as it is computed.
 */

/** How an instance stands. */
export const INSTANCE_STATES = [
  'healthy',
  'degraded',
  'unhealthy',
  'unreachable',
  'new',
  'unknown',
  'gone',
] as const;
export type InstanceState = (typeof INSTANCE_STATES)[number];

/** One character a state, for a picture of very many. */
export const STATE_LETTERS: Readonly<Record<InstanceState, string>> = {
  healthy: 'h',
  degraded: 'd',
  unhealthy: 'u',
  unreachable: 'x',
  new: 'n',
  unknown: '?',
  gone: 'g',
};

export type InstanceCounts = Readonly<Record<InstanceState, number>>;

/** The status of a service, from the worst on: `unknown` while too few instances are judged. */
export const SERVICE_STATUSES = ['unhealthy', 'degraded', 'unknown', 'healthy'] as const;
export type ServiceStatus = (typeof SERVICE_STATUSES)[number];

/** A number of instances, or whole percent of them. */
export type Amount = { readonly count: number } | { readonly percent: number };

/** What a service is expected to have. */
export interface Expectation {
  /** Instances that should be listed. */
  readonly instances: number;
  /** Of those listed, at least of `instances`: how many must be usable. Default: 50 %. */
  readonly usable?: Amount;
  /** Of those listed: how many may be unwell before the service is degraded. Default: 0 up to 10 of them, else 5 %. */
  readonly tolerate?: Amount;
}

export interface ServiceVerdict {
  readonly status: ServiceStatus;
  /** All but those that are gone. */
  readonly listed: number;
  readonly usable: number;
  readonly need: number;
  readonly tolerated: number;
}

const DEFAULT_USABLE: Amount = { percent: 50 };
const DEFAULT_TOLERATE: Amount = { percent: 5 };
/** Up to as many instances, each one that is unwell counts. */
const FEW = 10;

/** @param tooFew - whether `FLEET_TOO_FEW` holds */
export function judgeService(
  counts: InstanceCounts,
  { instances, usable: needed = DEFAULT_USABLE, tolerate }: Expectation,
  tooFew: boolean,
): ServiceVerdict {
  const usable = counts.healthy + counts.degraded;
  const undecided = counts.new + counts.unknown;
  const listed = usable + undecided + counts.unhealthy + counts.unreachable;
  const need = Math.max(1, amountOf(needed, Math.max(listed, instances), Math.ceil));
  const tolerated = amountOf(
    tolerate ?? (listed <= FEW ? { count: 0 } : DEFAULT_TOLERATE),
    listed,
    Math.floor,
  );
  return { status: statusOf(), listed, usable, need, tolerated };

  // The first row that holds.
  function statusOf(): ServiceStatus {
    if (usable + undecided < need) return 'unhealthy';
    if (usable < need) return 'unknown';
    if (counts.degraded + counts.unhealthy + counts.unreachable > tolerated || tooFew) return 'degraded';
    return 'healthy';
  }
}

function amountOf(amount: Amount, of: number, round: (value: number) => number): number {
  return 'count' in amount ? amount.count : round((amount.percent * of) / 100);
}

/** The status of the fleet is that of its worst service. */
export function worstOf(statuses: readonly ServiceStatus[]): ServiceStatus {
  return SERVICE_STATUSES.find((status) => statuses.includes(status)) ?? 'healthy';
}

export function countStates(states: Iterable<InstanceState>): InstanceCounts {
  const counts: Record<InstanceState, number> = {
    healthy: 0,
    degraded: 0,
    unhealthy: 0,
    unreachable: 0,
    new: 0,
    unknown: 0,
    gone: 0,
  };
  for (const state of states) counts[state] += 1;
  return counts;
}
