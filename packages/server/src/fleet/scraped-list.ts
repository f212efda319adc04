/**
 * The instances of a service that a Prometheus scrapes: those that are not well by name, and the others by their number.
 * All times in milliseconds since 1970.
 */
import { MOST_UNWELL } from './fleet-update.js';
import { forgetLoss, type Damping } from './instance-tracker.js';
import type { Instances } from './instances.js';
import type { ScrapedRound, ScrapedSource } from './prometheus/round.js';
import { createScrapedChanges, type KnownInstance } from './scraped-changes.js';
import {
  codesOfNamed,
  stateOfNamed,
  takeScraped,
  unwellOf,
  viewOfGone,
  viewOfNamed,
  type NamedInstance,
} from './scraped-instance.js';
import { countStates, STATE_LETTERS } from './service-verdict.js';
import type { FoundSource } from './source/source-verdict.js';

export interface ScrapedInstances extends Instances {
  readonly kind: 'scraped';
  /** @param isBlind - whether the watcher is: then only answers count */
  scraped(round: ScrapedRound, isBlind: boolean): void;
  /** The Prometheus could not be asked. */
  failed(): void;
}

/** Rounds that may fail in a row until nothing is known any more. */
const ROUNDS_TOLERATED = 3;

export function createScrapedInstances(damping: Damping, intervalMs: number): ScrapedInstances {
  const named = new Map<string, NamedInstance>();
  let goneSince = new Map<string, number>();
  let sources: readonly ScrapedSource[] = [];
  let listed = 0;
  let roundAtMs: number | null = null;
  let isFailing = false;
  let isOutdated = false;
  const changes = createScrapedChanges();

  /** How many have no name. */
  function others(): number {
    return Math.max(0, listed - named.size);
  }

  const isUnknown = (isBlind: boolean): boolean => isBlind || isOutdated;

  function known(): readonly KnownInstance[] {
    return [
      ...[...named].map(([instance, held]) => ({
        instance,
        state: stateOfNamed(held, isOutdated),
        since: held.tracked.since,
        codes: held.tracked.codes,
      })),
      ...[...goneSince].map(([instance, since]) => viewOfGone(instance, since)),
    ];
  }

  return {
    kind: 'scraped',
    scraped(round, isBlind) {
      const stillNamed = new Set(round.named.map(({ instance }) => instance));
      for (const instance of named.keys()) if (!stillNamed.has(instance)) named.delete(instance);
      for (const one of round.named) {
        const before = named.get(one.instance);
        named.set(one.instance, takeScraped(before, one, { lastRoundAtMs: roundAtMs, isBlind, damping }));
      }
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
        .map(({ answeredAt, tracked: { lostAt } }) => ({ answeredAt, lostAt }));
      return [...unwell, { answeredAt: roundAtMs, lostAt: null, instances: others() }];
    },
    forgetLosses() {
      for (const held of named.values()) held.tracked = forgetLoss(held.tracked);
    },
    age(nowMs) {
      isOutdated = isFailing && nowMs - (roundAtMs ?? nowMs) > ROUNDS_TOLERATED * intervalMs;
    },
    counts(isBlind) {
      const counts = countStates([...named.values()].map((held) => stateOfNamed(held, isUnknown(isBlind))));
      const ofOthers = isUnknown(isBlind) ? 'unknown' : 'healthy';
      return { ...counts, [ofOthers]: counts[ofOthers] + others(), gone: goneSince.size };
    },
    codes: (isBlind) => (isBlind ? [] : [...named.values()].flatMap(codesOfNamed)),
    cells(isBlind) {
      const ofNamed = [...named].toSorted(([a], [b]) => (a < b ? -1 : 1));
      const ofOthers = STATE_LETTERS[isUnknown(isBlind) ? 'unknown' : 'healthy'];
      return [
        ...ofNamed.map(([, held]) => STATE_LETTERS[stateOfNamed(held, isUnknown(isBlind))]),
        STATE_LETTERS.gone.repeat(goneSince.size),
        ofOthers.repeat(others()),
      ].join('');
    },
    sourceCells: () => '',
    unwell: () => (isOutdated ? [] : unwellOf(named).slice(0, MOST_UNWELL)),
    takeChanges: (nowMs) => (isOutdated ? [] : changes.take(known(), roundAtMs ?? nowMs, nowMs)),
    // The Prometheus polls.
    takePollsMs: () => [],
    source: () => foundSource(sources, listed),
    view: (isBlind) => [
      ...[...named].map(([instance, held]) =>
        viewOfNamed(instance, held, stateOfNamed(held, isUnknown(isBlind)), isBlind),
      ),
      ...[...goneSince].map(([instance, since]) => viewOfGone(instance, since)),
    ],
  };
}

/** By their numbers: a Prometheus names none of them, and has no statement. */
function foundSource(sources: readonly ScrapedSource[], listed: number): FoundSource {
  const reported = sources.reduce((sum, { instances }) => sum + instances, 0);
  return {
    groups: sources.map(({ hash, instances }) => ({ hash, instances, names: [] })),
    notReported: Math.max(0, listed - reported),
    releases: [],
    refused: [],
  };
}
