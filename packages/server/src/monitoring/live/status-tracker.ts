/**
 * How things stand, and since when: the report says what is true now, and somebody who is woken up asks first for how
 * long. Status, parts and causes each have a begin of their own. In memory, so it is known during every outage; what the
 * run before this one left behind is handed in, so it does not begin anew with the process.
 */
import type { HealthSnapshot, Health, Report } from 'portal-health';
import type { Held, LeftBehind, Stand } from '../stand.js';
import { readClocks, type ClockReading } from './clock.js';
import {
  trackedFrom,
  trackStatus,
  isSameStatus,
  shiftTimes,
  restoreStatus,
  type ObservedStatus,
} from './tracked-status.js';
import { publicStatusOf, liveSnapshotOf, type PublicStatus, type LiveSnapshot } from './live-snapshot.js';

/** Keeps count of since when. */
export interface StatusTracker {
  /** Hands in what was left behind, or nothing; before that nothing is told to `onTurn`. */
  restore(left: LeftBehind | null): void;
  /** To be called after every look, so that no change is noted late. */
  update(): void;
  /** Tells how things stand although nothing has changed, because what was told is lost. */
  repeat(): void;
  /** Until when it is known how things stand: now, unless nobody has looked for too long. In milliseconds since 1970. */
  knownMs(): number;
  snapshot(): LiveSnapshot;
  publicStatus(): PublicStatus;
}

/** What it counts by. */
export interface StatusTrackerOptions {
  readonly health: Health;
  /** How long there may be no look before nobody is said to have looked, at the pace that is in force. */
  readonly silenceMs: () => number;
  /** Told of every change, the first standing included. */
  readonly onTurn: (stand: Stand) => void;
  readonly clocks?: () => ClockReading;
}

interface LastRun extends ClockReading {
  readonly silenceMs: number;
}

/** A clock that is set is set by more; one that is slowed down or hurried on differs by less from look to look. */
const SET_MS = 1_000;

/** Nothing is known yet. */
export function createStatusTracker({
  health,
  silenceMs,
  onTurn,
  clocks = readClocks,
}: StatusTrackerOptions): StatusTracker {
  let held: Held | undefined;
  let last: LastRun | undefined;
  /** When this process first saw how things stand. */
  let firstMs = 0;
  let left: LeftBehind | null = null;
  let begun = false;

  function emit(turn: Pick<Stand, 'at' | 'from'> & Partial<Stand>): void {
    if (!held || !begun) return;
    const codes = [...new Set(held.causes.map(({ code }) => code))];
    onTurn({ ...held, codes, knownUntil: turn.at, isBroken: false, details: {}, ...turn });
  }

  /** The first look of this process, or the moment at which it is known what was before it. */
  function emitFirst(): void {
    if (!held) return;
    const at = Math.max(firstMs, held.since);
    emit({ at, from: left?.status ?? null, knownUntil: left?.until ?? at, isBroken: true });
  }

  function update(found: ObservedStatus, isRun: boolean): void {
    const moment = clocks();
    if (!held || !last) {
      firstMs = moment.wallMs;
      held = restoreStatus(trackStatus(found, undefined, moment.wallMs), left, firstMs);
      last = { ...moment, silenceMs: silenceMs() };
      emitFirst();
      return;
    }
    if (!isRun && isSameStatus(held, found)) return;
    const setMs = moment.wallMs - last.wallMs - (moment.steadyMs - last.steadyMs);
    const isSet = Math.abs(setMs) > SET_MS;
    const isSilent = moment.steadyMs - last.steadyMs > last.silenceMs;
    const before = isSet ? shiftTimes(held, setMs) : held;
    const knownUntil = isSet || isSilent ? last.wallMs : moment.wallMs;
    last = { ...moment, silenceMs: silenceMs() };
    const isChanged = !isSameStatus(before, found);
    held = trackStatus(found, before, moment.wallMs);
    if (!isChanged && !isSet && !isSilent) return;
    emit({
      at: moment.wallMs,
      from: before.status,
      knownUntil,
      isBroken: isSet || isSilent,
      details: isSet ? { clock_set_ms: Math.round(setMs) } : {},
    });
  }

  /** Before everything has been looked at once there is nothing to count. */
  function now(isLook: boolean): {
    readonly report: Report;
    readonly facts: HealthSnapshot;
    readonly current: Held;
  } {
    const report = health.report('admin');
    const healthSnapshot = health.snapshot();
    const found = trackedFrom(report, healthSnapshot);
    if (health.started()) update(found, isLook);
    return { report, facts: healthSnapshot, current: held ?? trackStatus(found, undefined, clocks().wallMs) };
  }

  function snapshot(): LiveSnapshot {
    const { report, facts, current } = now(false);
    return liveSnapshotOf(report, facts, current, clocks().wallMs);
  }

  return {
    restore(what) {
      left = what;
      begun = true;
      if (!held) return;
      held = restoreStatus(held, left, firstMs);
      emitFirst();
    },
    update: () => void now(true),
    repeat: () => held && emit({ at: clocks().wallMs, from: null }),
    knownMs() {
      const { wallMs, steadyMs } = clocks();
      if (!last) return wallMs;
      return steadyMs - last.steadyMs > last.silenceMs ? Math.min(last.wallMs, wallMs) : wallMs;
    },
    snapshot,
    publicStatus: () => publicStatusOf(snapshot()),
  };
}
