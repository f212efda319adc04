/**
 * One instance that a Prometheus names: how it stands, from its scrapes one after the other. All times in milliseconds since
 * 1970.
 */
import type { InstanceProblem } from './fleet-problems.js';
import type { UnwellInstance } from './fleet-update.js';
import { UNWELL } from './instance-summary.js';
import { newInstance, track, type Damping, type TrackedInstance } from './instance-tracker.js';
import type { InstanceView } from './instances.js';
import type { Observation } from './observation.js';
import type { ScrapedInstance } from './prometheus/round.js';
import type { InstanceState } from './service-verdict.js';

export interface NamedInstance {
  tracked: TrackedInstance;
  /** When it last answered; `null`: not yet. */
  readonly answeredAt: number | null;
  readonly scrapedAtMs: number;
  /** The Prometheus itself knows nothing new of it. */
  readonly isStale: boolean;
  readonly findings: readonly InstanceProblem[];
}

export interface ScrapedIn {
  /** Of the round before; `null`: there was none. */
  readonly lastRoundAtMs: number | null;
  /** Whether the watcher is: then only answers count. */
  readonly isBlind: boolean;
  readonly damping: Damping;
}

const WELL: Observation = {
  kind: 'answered',
  reading: { health: 'healthy', codes: [], startedAtMs: null, sourceHash: null },
  isTokenWithheld: false,
};

/** @param before - `undefined`: it was not named until now */
export function takeScraped(
  before: NamedInstance | undefined,
  { observation, scrapedAtMs, isNew, findings }: ScrapedInstance,
  { lastRoundAtMs, isBlind, damping }: ScrapedIn,
): NamedInstance {
  const isStale = observation.kind === 'void';
  const unnamedAtMs = lastRoundAtMs ?? scrapedAtMs;
  const tracked = before?.tracked ?? unnamed(isNew, unnamedAtMs, damping);
  const answeredAt = before ? before.answeredAt : isNew ? null : unnamedAtMs;
  const lastScrapedAtMs = before?.scrapedAtMs ?? 0;
  // The same scrape says nothing twice.
  if (scrapedAtMs <= lastScrapedAtMs) {
    return { tracked, answeredAt, scrapedAtMs: lastScrapedAtMs, isStale, findings };
  }
  const isIgnored = isBlind && observation.kind === 'failed';
  return {
    tracked: isIgnored ? tracked : track(tracked, observation, scrapedAtMs, damping),
    answeredAt: observation.kind === 'answered' ? scrapedAtMs : answeredAt,
    scrapedAtMs,
    isStale,
    findings,
  };
}

/** Whoever was not named until now was well. */
function unnamed(isNew: boolean, atMs: number, damping: Damping): TrackedInstance {
  const fresh = newInstance(atMs);
  return isNew ? fresh : track(fresh, WELL, atMs, damping);
}

/** @param isUnknown - whether the watcher is blind, or the Prometheus away for long */
export function stateOfNamed({ tracked, isStale }: NamedInstance, isUnknown: boolean): InstanceState {
  return isUnknown || isStale ? 'unknown' : tracked.state;
}

/** Some more than once. */
export function codesOfNamed({ tracked, findings }: NamedInstance): readonly string[] {
  return [...tracked.codes, ...tracked.findings, ...findings];
}

export function unwellOf(named: Iterable<[string, NamedInstance]>): readonly UnwellInstance[] {
  return [...named]
    .filter(([, { tracked, isStale }]) => !isStale && UNWELL.has(tracked.state))
    .map(([instance, { tracked }]) => {
      const { state, since, codes } = tracked;
      return { instance, state, since, codes };
    });
}

export function viewOfNamed(
  instance: string,
  held: NamedInstance,
  state: InstanceState,
  isBlind: boolean,
): InstanceView {
  const { tracked, answeredAt } = held;
  return {
    ...viewOfGone(instance, tracked.since),
    state,
    codes: isBlind ? [] : [...new Set(codesOfNamed(held))],
    startedAt: tracked.reading?.startedAtMs ?? null,
    sourceHash: tracked.reading?.sourceHash ?? null,
    answeredAt,
  };
}

export function viewOfGone(instance: string, since: number): InstanceView {
  return {
    instance,
    state: 'gone',
    since,
    codes: [],
    startedAt: null,
    sourceHash: null,
    answeredAt: null,
    polls: [],
  };
}
