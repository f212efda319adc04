/**
 * The instances of one service: those that are listed, and those that were until lately. All times in milliseconds since
 * 1970.
 */
import { hostOf } from './file/fleet-file.js';
import { MOST_UNWELL, type InstanceChange, type UnwellInstance } from './fleet-update.js';
import { forgetLoss, newInstance, track, type Damping, type TrackedInstance } from './instance-tracker.js';
import type { Poll } from './observation.js';
import type { Seen } from './sight.js';
import { countStates, STATE_LETTERS, type InstanceCounts, type InstanceState } from './service-verdict.js';

export interface InstanceView {
  /** `host:port`. */
  readonly instance: string;
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

/** How many of the listed instances report which source they run. */
export interface SourceCounts {
  /** Different ones. */
  readonly groups: number;
  readonly reported: number;
  readonly notReported: number;
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
  /** Of all that are listed; some more than once. */
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
  /** @param targets - `host:port`, or origins */
  replace(targets: readonly string[], nowMs: number): void;
  /** Keeps the first `most` of them by name. @returns whether there were more */
  cut(most: number): boolean;
  /** @param isBlind - whether the watcher is: then only answers count */
  polled(instance: string, poll: Poll, isBlind: boolean): void;
}

interface Held {
  readonly origin: string;
  tracked: TrackedInstance;
  goneAt: number | null;
  readonly polls: (number | null)[];
  /** As `takeChanges` gave it last; `undefined`: not yet. */
  told: { readonly state: InstanceState; readonly codes: string } | undefined;
}

/** So long an instance that is no longer listed is still shown. */
const GONE_SHOWN_MS = 15 * 60_000;
const POLLS_KEPT = 30;
/** Between two updates; a second has a thousand where 10,000 instances are polled every ten. */
const MOST_POLLS = 20_000;
export const UNWELL: ReadonlySet<InstanceState> = new Set(['degraded', 'unhealthy', 'unreachable']);

/** @param scheme - of targets that say none */
export function createPolledInstances(scheme: 'http' | 'https', damping: Damping): PolledInstances {
  const all = new Map<string, Held>();
  let pollsMs: number[] = [];
  /** In the order of the names; `undefined`: to be sorted. */
  let sorted: readonly Held[] | undefined;

  function listed(): [string, Held][] {
    return [...all].filter(([, { goneAt }]) => goneAt === null);
  }

  function replace(targets: readonly string[], nowMs: number): void {
    const origins = new Map(
      targets.map((target) => [
        instanceOf(target),
        target.includes('://') ? target : `${scheme}://${target}`,
      ]),
    );
    sorted = undefined;
    for (const [instance, held] of all) {
      if (!origins.has(instance)) held.goneAt ??= nowMs;
    }
    for (const [instance, origin] of origins) {
      const held = all.get(instance);
      if (held?.goneAt === null && held.origin === origin) continue;
      all.set(instance, { origin, tracked: newInstance(nowMs), goneAt: null, polls: [], told: held?.told });
    }
  }

  function polled(instance: string, { observation, atMs, durationMs }: Poll, isBlind: boolean): void {
    const held = all.get(instance);
    if (held?.goneAt !== null || observation.kind === 'void') return;
    held.polls.push(observation.kind === 'answered' ? durationMs : null);
    if (held.polls.length > POLLS_KEPT) held.polls.shift();
    if (observation.kind === 'answered' && pollsMs.length < MOST_POLLS) pollsMs.push(durationMs);
    if (isBlind && observation.kind === 'failed') return;
    held.tracked = track(held.tracked, observation, atMs, damping);
  }

  function takeChanges(nowMs: number): readonly InstanceChange[] {
    const changes: InstanceChange[] = [];
    for (const [instance, held] of all) {
      const { told, goneAt, tracked } = held;
      const state = stateOf(held, false);
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
    return changes;
  }

  return {
    kind: 'polled',
    origins: () => new Map(listed().map(([instance, { origin }]) => [instance, origin])),
    listed: () => listed().length,
    seen: () =>
      listed().map(
        ([
          ,
          {
            tracked: { answeredAt, lostAt },
          },
        ]) => ({ answeredAt, lostAt }),
      ),
    replace,
    cut(most) {
      const surplus = listed()
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .slice(most);
      for (const [instance] of surplus) all.delete(instance);
      sorted = undefined;
      return surplus.length > 0;
    },
    polled,
    forgetLosses() {
      for (const held of all.values()) held.tracked = forgetLoss(held.tracked);
    },
    age(nowMs) {
      for (const [instance, { goneAt }] of all) {
        if (goneAt === null || nowMs - goneAt < GONE_SHOWN_MS) continue;
        all.delete(instance);
        sorted = undefined;
      }
    },
    counts: (isBlind) => countStates([...all.values()].map((held) => stateOf(held, isBlind))),
    sources() {
      const hashes = listed().flatMap(([, { tracked }]) => tracked.reading?.sourceHash ?? []);
      const reported = hashes.length;
      return { groups: new Set(hashes).size, reported, notReported: listed().length - reported };
    },
    view: (isBlind) =>
      [...all].map(([instance, held]) => ({
        instance,
        state: stateOf(held, isBlind),
        since: held.goneAt ?? held.tracked.since,
        codes: isBlind ? [] : codesOf(held),
        startedAt: held.tracked.reading?.startedAtMs ?? null,
        sourceHash: held.tracked.reading?.sourceHash ?? null,
        answeredAt: held.tracked.answeredAt,
        polls: [...held.polls],
      })),
    cells(isBlind) {
      sorted ??= [...all].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, held]) => held);
      return sorted.map((held) => STATE_LETTERS[stateOf(held, isBlind)]).join('');
    },
    *codes(isBlind) {
      if (isBlind) return;
      for (const { goneAt, tracked } of all.values()) {
        if (goneAt !== null) continue;
        yield* tracked.codes;
        yield* tracked.findings;
      }
    },
    unwell() {
      const found: UnwellInstance[] = [];
      for (const [instance, { goneAt, tracked }] of all) {
        const { state, since, codes } = tracked;
        if (goneAt === null && UNWELL.has(state)) found.push({ instance, state, since, codes });
        if (found.length === MOST_UNWELL) break;
      }
      return found;
    },
    takeChanges,
    takePollsMs() {
      const taken = pollsMs;
      pollsMs = [];
      return taken;
    },
  };
}

function codesOf({ tracked: { codes, findings } }: Held): readonly string[] {
  return findings.length === 0 ? codes : [...codes, ...findings];
}

function stateOf({ tracked, goneAt }: Held, isBlind: boolean): InstanceState {
  if (goneAt !== null) return 'gone';
  return isBlind ? 'unknown' : tracked.state;
}

/** As Prometheus names it: the host and the port, also the scheme’s own. */
function instanceOf(target: string): string {
  if (!target.includes('://')) return target;
  const url = new URL(target);
  const host = hostOf(url);
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
