/**
 * The verdict: outcomes and findings in, one status out. Pure and total; the table in the README is printed from it.
 */
import type { Effect } from './problems.js';
import type { State, Status } from './types.js';

/** One probe as the verdict sees it. */
export interface Part {
  /** Whether the application is of no use without it. */
  readonly critical: boolean;
  readonly state: State;
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
 * @param parts - every probe that runs; none at all is healthy, because nothing was asked for
 * @param findings - effects of the problems found about parts that are up (pool, source, event loop)
 */
export function verdict(parts: readonly Part[], findings: readonly Effect[]): Status {
  if (parts.some((part) => part.critical && (part.state === 'down' || part.state === 'stale')))
    return 'unhealthy';
  if (findings.includes('fails')) return 'unhealthy';
  if (parts.some((part) => part.state !== 'up')) return 'degraded';
  if (findings.includes('degrades')) return 'degraded';
  return 'healthy';
}
