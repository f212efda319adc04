/**
 * The parts of an application that are watched, and what each says at a moment.
 */
import type { Finding } from './report.js';
import type { Sampler } from './sampler.js';

/** Something that is sampled, and whether the application can do without. */
export interface Part<Figures> {
  /** `database`, `cache`, or the name of a check of your own. */
  readonly name: string;
  readonly critical: boolean;
  readonly sampler: Sampler<Figures>;
}

/** A part at a moment: what its last outcome says, unless that is too old to say anything. */
export function findingOf({ name, critical, sampler }: Part<unknown>, nowMs: number): Finding {
  const sample = sampler.latest();
  const lookedAt = sample?.at ?? null;
  const hindrances = sampler.hindrances();
  if (sample === undefined || sampler.isStale(nowMs)) {
    const problems = ['CHECK_STALE', ...hindrances] as const;
    return { name, critical, state: 'stale', problems, latencyMs: null, lookedAt };
  }
  const { state, problems, latencyMs } = sample.outcome;
  return { name, critical, state, problems: [...problems, ...hindrances], latencyMs, lookedAt };
}

/** A cache that should be there and is not: it needs no asking. */
export function missingCache(critical: boolean): Finding {
  return {
    name: 'cache',
    critical,
    state: 'down',
    problems: ['CACHE_NOT_CONFIGURED'],
    latencyMs: null,
    lookedAt: null,
  };
}

/** Whether its last run has found nothing to say: only then is a slower pace good enough. */
export function isWell({ sampler }: Part<unknown>): boolean {
  const outcome = sampler.latest()?.outcome;
  return outcome?.state === 'up' && outcome.problems.length === 0 && sampler.hindrances().length === 0;
}
