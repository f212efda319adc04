/**
 * The verdict: outcomes and findings in, one status out. Pure and total; the table in the README is printed from it.
 */
import type { Effect } from './problems.js';
import type { State, Status } from './types.js';

/** What an application's own pool says for a database that a fresh connection finds down. */
export interface PoolEvidence {
  /** Whether it has opened all the connections that it may open: it needs no fresh one. */
  readonly complete: boolean;
  /** Whether its callers are served. */
  readonly served: boolean;
}

/** One part as the verdict sees it. */
export interface VerdictInput {
  /** Whether the application is of no use without it. */
  readonly critical: boolean;
  readonly state: State;
}

/**
 * The state of a part: two witnesses, a fresh connection and the application's own pool. A part without a pool has the one.
 */
export function stateOf(found: State, pool?: PoolEvidence): State {
  return found === 'down' && pool !== undefined && pool.complete && pool.served ? 'limited' : found;
}

/** Whether it answers at all: in time, slowly, or over the connections that are open. */
export function isUp(state: State | undefined): boolean {
  return state === 'up' || state === 'slow' || state === 'limited';
}

/**
 * The status over all parts and findings, the worst first.
 *
 * @example
 * ```ts
 * import { verdict } from 'portal-health';
 *
 * verdict([{ critical: true, state: 'up' }, { critical: false, state: 'down' }], []); // 'degraded'
 * ```
 * @param components - every probe that runs; none at all is healthy, because nothing was asked for
 * @param effects - effects of the problems found about parts that are up (pool, source, event loop)
 */
export function verdict(components: readonly VerdictInput[], effects: readonly Effect[]): Status {
  if (components.some((part) => part.critical && !isUp(part.state))) return 'unhealthy';
  if (effects.includes('fails')) return 'unhealthy';
  if (components.some((part) => part.state !== 'up')) return 'degraded';
  if (effects.includes('degrades')) return 'degraded';
  return 'healthy';
}
