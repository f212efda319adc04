/**
 * The instances of one service: those that are listed, and those that were until lately. All times in milliseconds since
 * 1970.
 */
import { hostOf } from './file/fleet-file.js';
import { forgetLoss, newInstance, track, type Damping, type TrackedInstance } from './instance-tracker.js';
import type { Poll } from './observation.js';
import type { InstanceState } from './service-verdict.js';

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

export interface InstanceList {
  /** Where each listed instance is asked: origins by instance. */
  origins(): ReadonlyMap<string, string>;
  tracked(): readonly TrackedInstance[];
  /** @param targets - `host:port`, or origins */
  replace(targets: readonly string[], nowMs: number): void;
  /** Keeps the first `most` of them by name. @returns whether there were more */
  cut(most: number): boolean;
  /** @param isBlind - whether the watcher is: then only answers count */
  polled(instance: string, poll: Poll, isBlind: boolean): void;
  forgetLosses(): void;
  /** Drops those that have been gone for long. */
  dropGone(nowMs: number): void;
  states(isBlind: boolean): readonly InstanceState[];
  view(isBlind: boolean): readonly InstanceView[];
}

interface Held {
  readonly origin: string;
  tracked: TrackedInstance;
  goneAt: number | null;
  readonly polls: (number | null)[];
}

/** So long an instance that is no longer listed is still shown. */
const GONE_SHOWN_MS = 15 * 60_000;
const POLLS_KEPT = 30;

/** @param scheme - of targets that say none */
export function createInstanceList(scheme: 'http' | 'https', damping: Damping): InstanceList {
  const all = new Map<string, Held>();

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
    for (const [instance, held] of all) {
      if (!origins.has(instance)) held.goneAt ??= nowMs;
    }
    for (const [instance, origin] of origins) {
      const held = all.get(instance);
      if (held?.goneAt === null && held.origin === origin) continue;
      all.set(instance, { origin, tracked: newInstance(nowMs), goneAt: null, polls: [] });
    }
  }

  function polled(instance: string, { observation, atMs, durationMs }: Poll, isBlind: boolean): void {
    const held = all.get(instance);
    if (held?.goneAt !== null || observation.kind === 'void') return;
    held.polls.push(observation.kind === 'answered' ? durationMs : null);
    if (held.polls.length > POLLS_KEPT) held.polls.shift();
    if (isBlind && observation.kind === 'failed') return;
    held.tracked = track(held.tracked, observation, atMs, damping);
  }

  return {
    origins: () => new Map(listed().map(([instance, { origin }]) => [instance, origin])),
    tracked: () => listed().map(([, { tracked }]) => tracked),
    replace,
    cut(most) {
      const surplus = listed()
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .slice(most);
      for (const [instance] of surplus) all.delete(instance);
      return surplus.length > 0;
    },
    polled,
    forgetLosses() {
      for (const held of all.values()) held.tracked = forgetLoss(held.tracked);
    },
    dropGone(nowMs) {
      for (const [instance, { goneAt }] of all) {
        if (goneAt !== null && nowMs - goneAt >= GONE_SHOWN_MS) all.delete(instance);
      }
    },
    states: (isBlind) => [...all.values()].map((held) => stateOf(held, isBlind)),
    view: (isBlind) =>
      [...all].map(([instance, held]) => ({
        instance,
        state: stateOf(held, isBlind),
        since: held.goneAt ?? held.tracked.since,
        codes: isBlind ? [] : [...held.tracked.codes, ...held.tracked.findings],
        startedAt: held.tracked.reading?.startedAtMs ?? null,
        sourceHash: held.tracked.reading?.sourceHash ?? null,
        answeredAt: held.tracked.answeredAt,
        polls: [...held.polls],
      })),
  };
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
