/**
 * The instances of one service: those that are listed, and those that were until lately. All times in milliseconds since
 * 1970.
 */
import { hostOf } from './file/fleet-file.js';
import type { InstanceChange, UnwellInstance } from './fleet-update.js';
import {
  codesOf,
  looksAlike,
  seenOf,
  stateOf,
  summarise,
  type Held,
  type SourceCounts,
  type Summary,
} from './instance-summary.js';
import { forgetLoss, newInstance, track, type Damping } from './instance-tracker.js';
import type { Poll } from './observation.js';
import type { Seen } from './sight.js';
import { countStates, STATE_LETTERS, type InstanceCounts, type InstanceState } from './service-verdict.js';

export interface InstanceView {
  /** `host:port`. */
  readonly instance: string;
  /** Name of its pod, where Kubernetes lists it. */
  readonly pod?: string | undefined;
  readonly state: InstanceState;
  readonly since: number;
  /** Its own, or those that the watcher found. */
  readonly codes: readonly string[];
  readonly startedAt: number | null;
  readonly sourceHash: string | null;
  readonly answeredAt: number | null;
  /** Milliseconds of the last polls, the newest last; `null`: not answered. */
  readonly polls: readonly (number | null)[];
}

/** The instances of one service, whoever collects what is known of them. */
export interface Instances {
  /** How many are listed. */
  listed(): number;
  seen(): readonly Pick<Seen, 'answeredAt' | 'lostAt' | 'instances'>[];
  forgetLosses(): void;
  /** Drops those that have been gone for long. To be called about once a second. */
  age(nowMs: number): void;
  counts(isBlind: boolean): InstanceCounts;
  /** Of all that are listed; of those that a Prometheus scrapes, some more than once. */
  codes(isBlind: boolean): Iterable<string>;
  /** The letters of the states, in the order of the names; those without one come last. */
  cells(isBlind: boolean): string;
  unwell(): readonly UnwellInstance[];
  /** What has changed since the last call; while the watcher is blind nothing has. */
  takeChanges(nowMs: number): readonly InstanceChange[];
  /** Milliseconds of the polls that were answered since the last call. */
  takePollsMs(): readonly number[];
  sources(): SourceCounts;
  /** Of all instances that are polled; of those that a Prometheus scrapes, all but the healthy ones. */
  view(isBlind: boolean): readonly InstanceView[];
}

export interface PolledInstances extends Instances {
  readonly kind: 'polled';
  /** Where each listed instance is asked: origins by instance. */
  origins(): ReadonlyMap<string, string>;
  /**
   * @param targets - `host:port`, or origins
   * @param pods - names of pods by target
   * @returns whether others are listed now
   */
  replace(targets: readonly string[], nowMs: number, pods?: ReadonlyMap<string, string>): boolean;
  /** Keeps the first `most` of them by name. @returns whether there were more */
  cut(most: number): boolean;
  polled(instance: string, poll: Poll, eyes: Eyes): void;
}

/** What is known of the watcher's own sight at a poll. */
export interface Eyes {
  /** Then only answers count. */
  readonly isBlind: boolean;
  /** When the last poll of any instance began that was answered. */
  readonly answeredAt: number;
  /** How long it takes until blindness shows, milliseconds. */
  readonly windowMs: number;
}

/** So long an instance that is no longer listed is still shown. */
const GONE_SHOWN_MS = 15 * 60_000;
const POLLS_KEPT = 30;
/** Between two updates; a second has a thousand where 10,000 instances are polled every ten. */
const MOST_POLLS = 20_000;

/** @param scheme - of targets that say none */
export function createPolledInstances(scheme: 'http' | 'https', damping: Damping): PolledInstances {
  const all = new Map<string, Held>();
  let pollsMs: number[] = [];
  /** Not told of yet. */
  let changed = new Set<string>();
  /** `undefined`: to be made anew. */
  let kept: Summary | undefined;

  function note(instance: string): void {
    changed.add(instance);
    kept = undefined;
  }

  function summary(): Summary {
    kept ??= summarise(all);
    return kept;
  }

  function replace(targets: readonly string[], nowMs: number, pods?: ReadonlyMap<string, string>): boolean {
    const origins = new Map(
      targets.map((target) => [
        instanceOf(target),
        target.includes('://') ? target : `${scheme}://${target}`,
      ]),
    );
    let isSame = true;
    for (const [instance, held] of all) {
      if (origins.has(instance) || held.goneAt !== null) continue;
      held.goneAt = nowMs;
      note(instance);
      isSame = false;
    }
    for (const [instance, origin] of origins) {
      const held = all.get(instance);
      const pod = pods?.get(instance);
      // Another pod at an address that it has taken over is another instance.
      if (held?.goneAt === null && held.origin === origin && held.pod === pod) continue;
      all.set(instance, {
        origin,
        pod,
        tracked: newInstance(nowMs),
        goneAt: null,
        polls: [],
        told: held?.told,
      });
      note(instance);
      isSame = false;
    }
    return !isSame;
  }

  function polled(
    instance: string,
    { observation, atMs, durationMs }: Poll,
    { isBlind, answeredAt, windowMs }: Eyes,
  ): void {
    const held = all.get(instance);
    if (held?.goneAt !== null || observation.kind === 'void') return;
    held.polls.push(observation.kind === 'answered' ? durationMs : null);
    if (held.polls.length > POLLS_KEPT) held.polls.shift();
    if (observation.kind === 'answered' && pollsMs.length < MOST_POLLS) pollsMs.push(durationMs);
    if (isBlind && observation.kind === 'failed') return;
    const before = held.tracked;
    const lostAt = Math.min(before.lostAt ?? atMs, atMs);
    // Nobody has answered since: perhaps it is the watcher that is cut off.
    const isDoubted = answeredAt <= lostAt && atMs + durationMs - lostAt < windowMs;
    held.tracked = track(before, observation, atMs, damping, isDoubted);
    if (!looksAlike(before, held.tracked)) note(instance);
  }

  function takeChanges(nowMs: number): readonly InstanceChange[] {
    const changes: InstanceChange[] = [];
    for (const instance of changed) {
      const held = all.get(instance);
      if (!held) continue;
      const { told, goneAt, tracked } = held;
      const state = stateOf(held);
      const isGone = goneAt !== null;
      const codes = isGone ? '' : tracked.codes.join(' ');
      if (told?.state === state && told.codes === codes) continue;
      held.told = { state, codes };
      const at = isGone ? goneAt : told?.state === state ? nowMs : tracked.since;
      changes.push({
        instance,
        from: told?.state ?? null,
        to: state,
        at,
        codes: isGone ? [] : tracked.codes,
      });
    }
    changed = new Set();
    return changes;
  }

  function listed(): [string, Held][] {
    return [...all].filter(([, { goneAt }]) => goneAt === null);
  }

  return {
    kind: 'polled',
    origins: () => new Map(listed().map(([instance, { origin }]) => [instance, origin])),
    listed: () => summary().listed,
    seen: () => seenOf(all.values()),
    replace,
    cut(most) {
      if (summary().listed <= most) return false;
      const surplus = listed()
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .slice(most);
      for (const [instance] of surplus) all.delete(instance);
      kept = undefined;
      return true;
    },
    polled,
    forgetLosses() {
      for (const held of all.values()) held.tracked = forgetLoss(held.tracked);
    },
    age(nowMs) {
      if (summary().counts.gone === 0) return;
      for (const [instance, { goneAt }] of all) {
        if (goneAt === null || nowMs - goneAt < GONE_SHOWN_MS) continue;
        all.delete(instance);
        kept = undefined;
      }
    },
    counts(isBlind) {
      const { counts, listed: unknown } = summary();
      return isBlind ? { ...countStates([]), unknown, gone: counts.gone } : counts;
    },
    sources: () => summary().sources,
    view: (isBlind) =>
      [...all].map(([instance, held]) => ({
        instance,
        pod: held.pod,
        state: isBlind && held.goneAt === null ? 'unknown' : stateOf(held),
        since: held.goneAt ?? held.tracked.since,
        codes: isBlind ? [] : codesOf(held),
        startedAt: held.tracked.reading?.startedAtMs ?? null,
        sourceHash: held.tracked.reading?.sourceHash ?? null,
        answeredAt: held.tracked.answeredAt,
        polls: [...held.polls],
      })),
    cells(isBlind) {
      const { cells } = summary();
      return isBlind ? cells.replaceAll(/[^g]/g, STATE_LETTERS.unknown) : cells;
    },
    codes: (isBlind) => (isBlind ? [] : summary().codes),
    unwell: () => summary().unwell,
    takeChanges,
    takePollsMs() {
      const taken = pollsMs;
      pollsMs = [];
      return taken;
    },
  };
}

/** As Prometheus names it: the host and the port, also the scheme’s own. */
function instanceOf(target: string): string {
  if (!target.includes('://')) return target;
  const url = new URL(target);
  const host = hostOf(url);
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
