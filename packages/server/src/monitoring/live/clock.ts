/**
 * Two clocks that are read together: the one on the wall, which anybody may set, and one that only goes on, also while the
 * machine sleeps. What they part by says that the first one was set.
 */
import { uptime } from 'node:os';

/** One moment by both, in milliseconds. */
export interface ClockReading {
  /** Since 1970. */
  readonly wallMs: number;
  /** Since some moment that stays the same. */
  readonly steadyMs: number;
}

/** A process that was halted between the two readings reads them again, so often. */
const ATTEMPTS = 3;
const TOGETHER_MS = 50;

/** Reads both. */
export function readClocks(): ClockReading {
  for (let attempt = 1; ; attempt += 1) {
    const wallMs = Date.now();
    const steadyMs = uptime() * 1_000;
    if (Math.abs(Date.now() - wallMs) <= TOGETHER_MS || attempt === ATTEMPTS) return { wallMs, steadyMs };
  }
}
