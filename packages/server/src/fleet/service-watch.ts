/**
 * One service: its instances, what is wrong with their list, and the verdict. Nothing is asked here. All times in
 * milliseconds since 1970.
 */
import { createCodeSet } from './code-set.js';
import type { Discovered } from './discovery/discovered.js';
import type { ServiceEntry } from './file/fleet-file.js';
import type { ServiceUpdate } from './fleet-update.js';
import { createPolledInstances, type PolledInstances } from './instance-list.js';
import type { InstanceView } from './instances.js';
import { createInstanceListing } from './listing.js';
import type { ServiceRound } from './prometheus/collector.js';
import { createScrapedInstances, type ScrapedInstances } from './scraped-list.js';
import type { Seen } from './sight.js';
import { createSourceWatch, type SourceView } from './source/source-watch.js';
import {
  countStates,
  judgeService,
  type Expectation,
  type InstanceCounts,
  type ServiceVerdict,
} from './service-verdict.js';

export interface ServiceView {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** What anybody may know it by; `null`: nobody may know of it. */
  readonly publicName: string | null;
  readonly verdict: ServiceVerdict;
  /** Of the status. */
  readonly since: number;
  readonly counts: InstanceCounts;
  readonly expected: number;
  readonly codes: readonly string[];
  /** The letters of the states of the instances, in the order of their names. */
  readonly cells: string;
  readonly source: SourceView;
  /** How the source of each instance stands, in the order of `cells`; empty where none differs. */
  readonly sourceCells: string;
}

/** Those of one service, by who collects what is known of them. */
export type AnyInstances = PolledInstances | ScrapedInstances;

export interface ServiceWatch {
  readonly entry: ServiceEntry;
  readonly instances: AnyInstances;
  /** Milliseconds within which a loss shows. */
  readonly windowMs: number;
  /** @returns whether other instances are listed now */
  discovered(discovered: Discovered, nowMs: number): boolean;
  scraped(found: ServiceRound['found']): void;
  /** Watches no more instances than so many. */
  limitTo(most: number): void;
  seen(): readonly Seen[];
  /** Judges anew. To be called about once a second. */
  update(nowMs: number, isBlind: boolean): void;
  view(): ServiceView;
  viewInstances(): readonly InstanceView[];
  /** What has changed since the last call. */
  takeUpdate(nowMs: number): ServiceUpdate;
}

/** @param instances - of the same service before its entry was edited; default: none */
export function createServiceWatch(
  entry: ServiceEntry,
  startedMs: number,
  instances: AnyInstances = createInstances(entry),
): ServiceWatch {
  const { name, labels, publicName, polling, damping, expect } = entry;
  const named = { name, labels };
  // A loss that a Prometheus sees is asked for an interval later.
  const windowMs = polling.intervalMs * (instances.kind === 'scraped' ? 2 : 1) + polling.timeoutMs;
  const listing = createInstanceListing(expect.instances, instances.listed() > 0);
  const standing = createStanding(expect, startedMs);
  const source = createSourceWatch(polling.release, startedMs);
  let isBlind = false;

  function codes(): readonly string[] {
    const found = createCodeSet();
    for (const code of listing.problems()) found.add(code);
    for (const code of instances.codes(isBlind)) found.add(code);
    return found.codes();
  }

  return {
    entry,
    instances,
    windowMs,
    discovered(found, nowMs) {
      if (found.kind === 'failed') {
        listing.failed(found.code);
        return false;
      }
      listing.found();
      return instances.kind === 'polled' && instances.replace(found.targets, nowMs, found.pods);
    },
    scraped(found) {
      if (instances.kind === 'polled') return;
      if (found.kind === 'failed') {
        listing.failed('FLEET_DISCOVERY_FAILED');
        instances.failed();
        return;
      }
      listing.found();
      instances.scraped(found, isBlind);
    },
    limitTo(most) {
      if (instances.kind === 'polled') listing.setCut(instances.cut(most));
    },
    seen: () =>
      instances.seen().map(({ instances: alike = 1, answeredAt, lostAt }) => ({
        service: name,
        instances: alike,
        answeredAt,
        lostAt,
        windowMs,
      })),
    update(nowMs, blind) {
      isBlind = blind;
      instances.age(nowMs);
      if (!isBlind) source.update(instances.source(), nowMs);
      const isTooFew = listing.judge(instances.listed(), nowMs);
      standing.judge(instances.counts(isBlind), { isListed: listing.isListed(), isTooFew }, nowMs);
    },
    view: () => ({
      ...named,
      publicName,
      ...standing.now(),
      counts: instances.counts(isBlind),
      expected: expect.instances,
      codes: codes(),
      cells: instances.cells(isBlind),
      source: source.view(),
      sourceCells: isBlind ? '' : sourceCellsOf(source.view(), instances),
    }),
    viewInstances: () => instances.view(isBlind),
    takeUpdate(nowMs) {
      const { verdict, since } = standing.now();
      const { status, listed, usable, need, tolerated } = verdict;
      return {
        ...named,
        status,
        since,
        counts: instances.counts(isBlind),
        listed,
        usable,
        need,
        tolerated,
        codes: codes(),
        intervalMs: polling.intervalMs,
        settleMs: damping.failureThreshold * polling.intervalMs + polling.timeoutMs,
        recoversMs: (damping.successThreshold + 1) * polling.intervalMs + polling.timeoutMs,
        unwell: isBlind ? [] : instances.unwell(),
        source: source.view(),
        changes: isBlind ? [] : instances.takeChanges(nowMs),
        pollsMs: instances.takePollsMs(),
      };
    },
  };
}

/** The verdict, and since when its status is what it is. */
interface Standing {
  now(): Pick<ServiceView, 'verdict' | 'since'>;
  judge(
    counts: InstanceCounts,
    list: { readonly isListed: boolean; readonly isTooFew: boolean },
    nowMs: number,
  ): void;
}

function createStanding(expect: Expectation, startedMs: number): Standing {
  let verdict: ServiceVerdict = { ...judgeService(countStates([]), expect, false), status: 'unknown' };
  let since = startedMs;
  return {
    now: () => ({ verdict, since }),
    judge(counts, { isListed, isTooFew }, nowMs) {
      const judged = judgeService(counts, expect, isTooFew);
      // Before its instances are listed nothing is known of it.
      const next = isListed ? judged : ({ ...judged, status: 'unknown' } as const);
      since = next.status === verdict.status ? Math.min(since, nowMs) : nowMs;
      verdict = next;
    },
  };
}

function sourceCellsOf(
  { release, groups, refused, odd, reported, notReported }: SourceView,
  instances: AnyInstances,
): string {
  if (odd.length === 0 && (reported === 0 || notReported === 0)) return '';
  const shown = new Set(refused.flatMap(({ instance }) => instance ?? []));
  return instances.sourceCells(release?.sourceHash ?? groups[0]?.hash, shown);
}

function createInstances({ polling, damping, discover }: ServiceEntry): AnyInstances {
  return discover.kind === 'series'
    ? createScrapedInstances(damping, polling.intervalMs)
    : createPolledInstances(polling.scheme, damping);
}
