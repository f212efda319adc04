/**
 * The instances of one service that are polled: those that are listed, and those that were until lately. All times in milliseconds since
 * 1970.
 */
import { hostOf } from './file/fleet-file.js';
import {
  codesOf,
  looksAlike,
  seenOf,
  sourceLetters,
  stateOfPolled,
  type PolledInstance,
} from './instance-summary.js';
import type { InstanceReason } from './formats/reasons.js';
import { createInstanceTable } from './instance-table.js';
import { forgetLoss, newInstance, track, type Damping } from './instance-tracker.js';
import type { Instances, InstanceView } from './instances.js';
import type { Poll } from './observation.js';
import { countStates, STATE_LETTERS } from './service-verdict.js';

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
  /** Why it is unwell. */
  explained(instance: string, reasons: readonly InstanceReason[]): void;
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
  const table = createInstanceTable();
  let pollsMs: number[] = [];
  /** The list that is in force, all of it. */
  let inForce: readonly string[] | undefined;

  function replace(targets: readonly string[], nowMs: number, pods?: ReadonlyMap<string, string>): boolean {
    if (targets === inForce && !pods) return false;
    inForce = targets;
    const origins = originsOf(targets, scheme);
    let isSame = true;
    for (const [instance, held] of table.listed()) {
      if (origins.has(instance)) continue;
      held.goneAt = nowMs;
      table.note(instance);
      isSame = false;
    }
    for (const [instance, origin] of origins) {
      const held = table.get(instance);
      const pod = pods?.get(instance);
      // Another pod at an address that it has taken over is another instance.
      if (held?.goneAt === null && held.origin === origin && held.pod === pod) continue;
      table.set(instance, newlyListed({ origin, pod, told: held?.told }, nowMs));
      isSame = false;
    }
    return !isSame;
  }

  function polled(
    instance: string,
    { observation, atMs, durationMs }: Poll,
    { isBlind, answeredAt, windowMs }: Eyes,
  ): void {
    const held = table.get(instance);
    if (held?.goneAt !== null || observation.kind === 'void') return;
    held.polls.push(observation.kind === 'answered' ? durationMs : null);
    if (held.polls.length > POLLS_KEPT) held.polls.shift();
    if (observation.kind === 'answered' && pollsMs.length < MOST_POLLS) pollsMs.push(durationMs);
    if (isBlind && observation.kind === 'failed') return;
    if (observation.kind === 'answered') held.answeredAt = atMs;
    const before = held.tracked;
    const lostAt = Math.min(before.lostAt ?? atMs, atMs);
    // Nobody has answered since: perhaps it is the watcher that is cut off.
    const isDoubted = answeredAt <= lostAt && atMs + durationMs - lostAt < windowMs;
    held.tracked = track(before, observation, atMs, damping, isDoubted);
    if (held.tracked.state === 'healthy' && held.reasons.length > 0) held.reasons = [];
    if (!looksAlike(before, held.tracked)) table.note(instance);
  }

  return {
    kind: 'polled',
    origins: () => new Map(table.listed().map(([instance, { origin }]) => [instance, origin])),
    listed: () => table.summary().listed,
    seen: () => seenOf(table.values()),
    replace,
    cut(most) {
      if (table.summary().listed <= most) return false;
      const byName = table.listed().toSorted(([a], [b]) => (a < b ? -1 : 1));
      for (const [instance] of byName.slice(most)) table.delete(instance);
      inForce = undefined;
      return true;
    },
    polled,
    explained(instance, reasons) {
      const held = table.get(instance);
      if (held && held.tracked.state !== 'healthy') held.reasons = reasons;
    },
    forgetLosses() {
      for (const held of table.values()) held.tracked = forgetLoss(held.tracked);
    },
    age(nowMs) {
      if (table.summary().counts.gone === 0) return;
      for (const [instance, { goneAt }] of table.entries()) {
        if (goneAt !== null && nowMs - goneAt >= GONE_SHOWN_MS) table.delete(instance);
      }
    },
    counts(isBlind) {
      const { counts, listed: unknown } = table.summary();
      return isBlind ? { ...countStates([]), unknown, gone: counts.gone } : counts;
    },
    source: () => table.summary().source,
    view: (isBlind) => [...table.entries()].map(([instance, held]) => viewOf(instance, held, isBlind)),
    cells(isBlind) {
      const { cells } = table.summary();
      return isBlind ? cells.replaceAll(/[^g]/g, STATE_LETTERS.unknown) : cells;
    },
    sourceCells: (expected, refused) => sourceLetters(table.summary().sources, expected, refused),
    codes: (isBlind) => (isBlind ? [] : table.summary().codes),
    unwell: () => table.summary().unwell,
    takeChanges: (nowMs) => table.takeChanges(nowMs),
    takePollsMs() {
      const taken = pollsMs;
      pollsMs = [];
      return taken;
    },
  };
}

function newlyListed(
  { origin, pod, told }: Pick<PolledInstance, 'origin' | 'pod' | 'told'>,
  nowMs: number,
): PolledInstance {
  const tracked = newInstance(nowMs);
  return { origin, pod, tracked, answeredAt: null, goneAt: null, polls: [], reasons: [], told };
}

function viewOf(instance: string, held: PolledInstance, isBlind: boolean): InstanceView {
  const { pod, goneAt, tracked, answeredAt, polls, reasons } = held;
  return {
    instance,
    pod,
    state: isBlind && goneAt === null ? 'unknown' : stateOfPolled(held),
    since: goneAt ?? tracked.since,
    codes: isBlind ? [] : codesOf(held),
    startedAt: tracked.reading?.startedAtMs ?? null,
    sourceHash: tracked.reading?.sourceHash ?? null,
    signed: tracked.reading?.signed,
    answeredAt,
    polls: [...polls],
    reasons: isBlind ? [] : reasons,
  };
}

/** @returns origins by instance */
function originsOf(targets: readonly string[], scheme: string): ReadonlyMap<string, string> {
  return new Map(
    targets.map((target) => [instanceOf(target), target.includes('://') ? target : `${scheme}://${target}`]),
  );
}

/** As Prometheus names it: the host and the port, also the scheme’s own. */
function instanceOf(target: string): string {
  if (!target.includes('://')) return target;
  const url = new URL(target);
  const host = hostOf(url);
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
