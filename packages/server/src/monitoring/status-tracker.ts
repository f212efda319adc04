/**
 * Since when: an operator who is woken up first asks how long it has been so. Status, causes and components each have
 * their own begin. They are kept in memory, so that they are known during every outage. The status at the end of the run
 * before is handed in, so that an outage does not begin anew with the process.
 */
import { uptime } from 'node:os';
import type { Health, HealthSnapshot, Report } from 'portal-health';
import {
  liveSnapshotOf,
  publicStatusOf,
  type LiveSnapshot,
  type PublicStatus,
} from './live/live-snapshot.js';
import {
  isSameStatus,
  observedStatus,
  restoreStatus,
  shiftTimes,
  trackStatus,
  type ObservedStatus,
  type PreviousStatus,
  type StatusUpdate,
  type TrackedStatus,
} from './tracked-status.js';

export interface StatusTracker {
  /** Hands in the status of the run before, or `null` if it is unknown. `onUpdate` is called only afterwards. */
  restore(previous: PreviousStatus | null): void;
  /** To be called after every probe run, so that no change is noticed late. */
  update(): void;
  /** Calls `onUpdate` without a change, because what it wrote is lost. */
  repeat(): void;
  /** Until when the status is known: now, or the last probe run if that is too long ago. In milliseconds since 1970. */
  knownMs(): number;
  snapshot(): LiveSnapshot;
  publicStatus(): PublicStatus;
}

export interface StatusTrackerOptions {
  readonly health: Health;
  /** Milliseconds without a probe run after which the status is unknown, at the pace in force. */
  readonly silenceMs: () => number;
  /** Called at the first probe run, and at every change of status, causes or components. */
  readonly onUpdate: (update: StatusUpdate) => void;
  readonly clocks?: () => ClockReading;
}

/** In milliseconds. They drift apart when the wall clock is set. */
export interface ClockReading {
  /** Since 1970. */
  readonly wallMs: number;
  /** Since the machine was started. It also runs while the machine sleeps. */
  readonly steadyMs: number;
}

interface LastRun extends ClockReading {
  readonly silenceMs: number;
}

/** A clock that is slewed instead of set changes by less between two probe runs. */
const SET_MS = 1_000;
/** A process may be halted between the two readings: then it reads both again. */
const READ_ATTEMPTS = 3;
const READ_TOGETHER_MS = 50;

export function createStatusTracker({
  health,
  silenceMs,
  onUpdate,
  clocks = readClocks,
}: StatusTrackerOptions): StatusTracker {
  let current: TrackedStatus | undefined;
  let last: LastRun | undefined;
  /** Of the first probe run in this process. */
  let firstMs = 0;
  let previous: PreviousStatus | null = null;
  let isRestored = false;

  function emit(update: Pick<StatusUpdate, 'at' | 'from'> & Partial<StatusUpdate>): void {
    if (!current || !isRestored) return;
    const codes = [...new Set(current.causes.map(({ code }) => code))];
    onUpdate({ ...current, codes, knownUntil: update.at, isBroken: false, details: {}, ...update });
  }

  function emitFirst(): void {
    if (!current) return;
    const at = Math.max(firstMs, current.since);
    emit({ at, from: previous?.status ?? null, knownUntil: previous?.until ?? at, isBroken: true });
  }

  function track(observed: ObservedStatus, isProbeRun: boolean): void {
    const now = clocks();
    if (!current || !last) {
      firstMs = now.wallMs;
      current = restoreStatus(trackStatus(observed, undefined, now.wallMs), previous, firstMs);
      last = { ...now, silenceMs: silenceMs() };
      emitFirst();
      return;
    }
    if (!isProbeRun && isSameStatus(current, observed)) return;
    const setMs = now.wallMs - last.wallMs - (now.steadyMs - last.steadyMs);
    const isSet = Math.abs(setMs) > SET_MS;
    const isBroken = isSet || now.steadyMs - last.steadyMs > last.silenceMs;
    const before = isSet ? shiftTimes(current, setMs) : current;
    const knownUntil = isBroken ? last.wallMs : now.wallMs;
    last = { ...now, silenceMs: silenceMs() };
    current = trackStatus(observed, before, now.wallMs);
    if (!isBroken && isSameStatus(before, observed)) return;
    const details = isSet ? { clock_set_ms: Math.round(setMs) } : {};
    emit({ at: now.wallMs, from: before.status, knownUntil, isBroken, details });
  }

  /** Before the first run of every probe nothing is tracked. */
  function read(isProbeRun: boolean): {
    readonly report: Report;
    readonly health: HealthSnapshot;
    readonly tracked: TrackedStatus;
  } {
    const report = health.report('admin');
    const healthSnapshot = health.snapshot();
    const observed = observedStatus(report, healthSnapshot);
    if (health.started()) track(observed, isProbeRun);
    const tracked = current ?? trackStatus(observed, undefined, clocks().wallMs);
    return { report, health: healthSnapshot, tracked };
  }

  function snapshot(): LiveSnapshot {
    const { report, health: healthSnapshot, tracked } = read(false);
    return liveSnapshotOf(report, healthSnapshot, tracked, clocks().wallMs);
  }

  return {
    restore(status) {
      previous = status;
      isRestored = true;
      if (!current) return;
      current = restoreStatus(current, previous, firstMs);
      emitFirst();
    },
    update: () => void read(true),
    repeat: () => current && emit({ at: clocks().wallMs, from: null }),
    knownMs() {
      const { wallMs, steadyMs } = clocks();
      if (!last) return wallMs;
      return steadyMs - last.steadyMs > last.silenceMs ? Math.min(last.wallMs, wallMs) : wallMs;
    },
    snapshot,
    publicStatus: () => publicStatusOf(snapshot()),
  };
}

function readClocks(): ClockReading {
  for (let attempt = 1; ; attempt += 1) {
    const wallMs = Date.now();
    const steadyMs = uptime() * 1_000;
    if (Math.abs(Date.now() - wallMs) <= READ_TOGETHER_MS || attempt === READ_ATTEMPTS) {
      return { wallMs, steadyMs };
    }
  }
}
