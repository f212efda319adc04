/**
 * The parts of an application that are watched, and what each says at a moment.
 */
import { DEFAULTS } from './defaults.js';
import type { HealthOptions } from './health-options.js';
import type { ComponentStatus } from './report.js';
import type { RunCounter } from './run-counts.js';
import type { ProbeSample, Sampler } from './sampler.js';
import { stateOf } from './verdict.js';
import type { AnyFigures, Watched } from './watched-type.js';

/** Something that is sampled. */
export interface Component extends Omit<Watched, 'probe' | 'sampling'> {
  readonly sampler: Sampler<AnyFigures>;
  readonly runs: RunCounter;
}

/** A part at a moment: what its last outcome and its pool say, unless that is too old to say anything. */
export function componentStatus(component: Component, nowMs: number): ComponentStatus {
  const { name, kind, critical, sampler, pool } = component;
  const sample = sampler.latest();
  const lookedAt = sample?.at ?? null;
  const hindrances = sampler.ownProblems();
  if (sample === undefined || sampler.isStale(nowMs)) {
    const problems = ['CHECK_STALE', ...hindrances] as const;
    return { name, type: kind, critical, state: 'stale', problems, latencyMs: null, checkedAt: lookedAt };
  }
  const { state: found, latencyMs, remarks = [] } = sample.outcome;
  const state = found === 'down' ? stateOf(found, pool?.evidence(failureIn(sample))) : found;
  const problems = [...sample.outcome.problems, ...hindrances];
  return { name, type: kind, critical, state, problems, remarks, latencyMs, checkedAt: lookedAt };
}

function failureIn({
  outcome,
  ...times
}: ProbeSample<AnyFigures>): Parameters<NonNullable<Component['pool']>['evidence']>[0] {
  return { ...times, problems: outcome.problems };
}

/** Caches that should be there and are not configured: they need no asking. */
export function missingCaches({ cache, caches = {} }: HealthOptions): readonly ComponentStatus[] {
  return Object.entries({ ...(cache && { cache }), ...caches })
    .filter(([, { client }]) => client === null)
    .map(([name, { critical = DEFAULTS.cacheIsCritical }]) => ({
      name,
      type: 'cache',
      critical,
      state: 'down',
      problems: ['CACHE_NOT_CONFIGURED'],
      latencyMs: null,
      checkedAt: null,
    }));
}

/** Whether neither its last run nor its pool has anything to say: only then is a slower pace good enough. */
export function isWell({ sampler, pool }: Component): boolean {
  const outcome = sampler.latest()?.outcome;
  if (outcome?.state !== 'up' || outcome.problems.length > 0) return false;
  return sampler.ownProblems().length === 0 && (pool?.read().problems ?? []).length === 0;
}
