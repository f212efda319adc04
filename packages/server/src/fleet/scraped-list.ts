/**
 * The instances of a service that a Prometheus scrapes: those that are not well by name, and the others by their number.
 * All times in milliseconds since 1970.
 */
import { MOST_UNWELL, type InstanceChange } from './fleet-update.js';
import type { Instances, InstanceView } from './instance-list.js';
import { UNWELL } from './instance-summary.js';
import { forgetLoss, newInstance, track, type Damping, type TrackedInstance } from './instance-tracker.js';
import type { InstanceProblem } from './fleet-problems.js';
import type { Observation } from './observation.js';
import type { ScrapedInstance, ScrapedRound, ScrapedSource } from './prometheus/round.js';
import { countStates, STATE_LETTERS, type InstanceState } from './service-verdict.js';

export interface ScrapedInstances extends Instances {
  readonly kind: 'scraped';
  /** @param isBlind - whether the watcher is: then only answers count */
  scraped(round: ScrapedRound, isBlind: boolean): void;
  /** The Prometheus could not be asked. */
  failed(): void;
}

interface Held {
  tracked: TrackedInstance;
  scrapedAtMs: number;
  isStale: boolean;
  findings: readonly InstanceProblem[];
}

/** Rounds that may fail in a row until nothing is known any more. */
const ROUNDS_TOLERATED = 3;
const WELL: Observation = {
  kind: 'answered',
  reading: { health: 'healthy', codes: [], startedAtMs: null, sourceHash: null },
  isTokenWithheld: false,
};

export function createScrapedInstances(damping: Damping, intervalMs: number): ScrapedInstances {
  const named = new Map<string, Held>();
  let goneSince = new Map<string, number>();
  let sources: readonly ScrapedSource[] = [];
  let listed = 0;
  let roundAtMs: number | null = null;
  let isFailing = false;
  let isOutdated = false;
  /** As `takeChanges` gave them last, of those that are named or gone. */
  let told = new Map<string, { readonly state: InstanceState; readonly codes: string }>();

  function others(): number {
    return Math.max(0, listed - named.size);
  }

  function take(
    { instance, observation, scrapedAtMs, isNew, findings }: ScrapedInstance,
    isBlind: boolean,
  ): void {
    const fresh = newInstance(roundAtMs ?? scrapedAtMs);
    const held: Held = named.get(instance) ?? {
      // Whoever was not named until now was well.
      tracked: isNew ? fresh : track(fresh, WELL, roundAtMs ?? scrapedAtMs, damping),
      scrapedAtMs: 0,
      isStale: false,
      findings: [],
    };
    named.set(instance, held);
    held.isStale = observation.kind === 'void';
    held.findings = findings;
    // The same scrape says nothing twice.
    if (scrapedAtMs <= held.scrapedAtMs) return;
    held.scrapedAtMs = scrapedAtMs;
    if (isBlind && observation.kind === 'failed') return;
    held.tracked = track(held.tracked, observation, scrapedAtMs, damping);
  }

  function stateOf({ tracked, isStale }: Held, isBlind: boolean): InstanceState {
    return isBlind || isStale || isOutdated ? 'unknown' : tracked.state;
  }

  function viewOf([instance, held]: [string, Held], isBlind: boolean): InstanceView {
    const { tracked } = held;
    const findings = [...tracked.findings, ...held.findings];
    return {
      instance,
      state: stateOf(held, isBlind),
      since: tracked.since,
      codes: isBlind ? [] : [...new Set([...tracked.codes, ...findings])],
      startedAt: tracked.reading?.startedAtMs ?? null,
      sourceHash: tracked.reading?.sourceHash ?? null,
      answeredAt: tracked.answeredAt,
      polls: [],
    };
  }

  function goneView([instance, since]: [string, number]): InstanceView {
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

  function takeChanges(nowMs: number): readonly InstanceChange[] {
    if (isOutdated) return [];
    const changes: InstanceChange[] = [];
    const now: typeof told = new Map();
    function note(instance: string, state: InstanceState, at: number, codes: readonly string[]): void {
      const before = told.get(instance);
      const written = codes.join(' ');
      now.set(instance, { state, codes: written });
      // Whoever was not named until now was well.
      const from = before?.state ?? (state === 'new' ? null : 'healthy');
      if (from === state && (before?.codes ?? '') === written) return;
      changes.push({ instance, from, to: state, at: from === state ? nowMs : at, codes });
    }
    for (const [instance, held] of named) {
      note(instance, stateOf(held, false), held.tracked.since, held.tracked.codes);
    }
    for (const [instance, since] of goneSince) note(instance, 'gone', since, []);
    for (const [instance, { state }] of told) {
      if (now.has(instance) || state === 'gone' || state === 'healthy') continue;
      changes.push({ instance, from: state, to: 'healthy', at: roundAtMs ?? nowMs, codes: [] });
    }
    told = now;
    return changes;
  }

  return {
    kind: 'scraped',
    scraped(round, isBlind) {
      const stillNamed = new Set(round.named.map(({ instance }) => instance));
      for (const instance of named.keys()) if (!stillNamed.has(instance)) named.delete(instance);
      for (const one of round.named) take(one, isBlind);
      goneSince = new Map(
        round.gone
          .filter((instance) => !stillNamed.has(instance))
          .map((instance) => [instance, goneSince.get(instance) ?? round.atMs]),
      );
      sources = round.sources;
      listed = Math.max(round.listed, named.size);
      roundAtMs = round.atMs;
      isFailing = false;
      isOutdated = false;
    },
    failed() {
      isFailing = true;
    },
    listed: () => listed,
    seen() {
      // Whoever cannot ask the Prometheus has seen nothing of its instances.
      if (isFailing || roundAtMs === null) return [];
      const unwell = [...named.values()]
        .filter(({ isStale }) => !isStale)
        .map(({ tracked: { answeredAt, lostAt } }) => ({ answeredAt, lostAt }));
      return [...unwell, { answeredAt: roundAtMs, lostAt: null, instances: others() }];
    },
    forgetLosses() {
      for (const held of named.values()) held.tracked = forgetLoss(held.tracked);
    },
    age(nowMs) {
      isOutdated = isFailing && nowMs - (roundAtMs ?? nowMs) > ROUNDS_TOLERATED * intervalMs;
    },
    counts(isBlind) {
      const counts = countStates([...named.values()].map((held) => stateOf(held, isBlind)));
      const ofOthers = isBlind || isOutdated ? 'unknown' : 'healthy';
      return { ...counts, [ofOthers]: counts[ofOthers] + others(), gone: goneSince.size };
    },
    *codes(isBlind) {
      if (isBlind) return;
      for (const { tracked, findings } of named.values()) {
        yield* tracked.codes;
        yield* tracked.findings;
        yield* findings;
      }
    },
    cells(isBlind) {
      const ofNamed = [...named].toSorted(([a], [b]) => (a < b ? -1 : 1));
      const ofOthers = STATE_LETTERS[isBlind || isOutdated ? 'unknown' : 'healthy'];
      return [
        ...ofNamed.map(([, held]) => STATE_LETTERS[stateOf(held, isBlind)]),
        STATE_LETTERS.gone.repeat(goneSince.size),
        ofOthers.repeat(others()),
      ].join('');
    },
    unwell: () =>
      [...named]
        .filter(([, { tracked, isStale }]) => !isStale && !isOutdated && UNWELL.has(tracked.state))
        .slice(0, MOST_UNWELL)
        .map(
          ([
            instance,
            {
              tracked: { state, since, codes },
            },
          ]) => ({ instance, state, since, codes }),
        ),
    takeChanges,
    // The Prometheus polls.
    takePollsMs: () => [],
    sources() {
      const reported = sources.reduce((sum, { instances }) => sum + instances, 0);
      return { groups: sources.length, reported, notReported: Math.max(0, listed - reported) };
    },
    view: (isBlind) => [...[...named].map((one) => viewOf(one, isBlind)), ...[...goneSince].map(goneView)],
  };
}
