/**
 * For how long the watcher has looked without a break. What it saw before one may be over, and others may have told that. Pure.
 */

/** Milliseconds, at one moment. */
export interface Attention {
  /** Since the watcher was started. */
  readonly runsForMs: number;
  /** Since it stood still; endless where it never did. */
  readonly looksForMs: number;
  /** Since it was blind, or stood still; endless where it never was. */
  readonly seesForMs: number;
  /** Whether it did so just before. */
  readonly stoodStill: boolean;
}

/** Updates come every second, on a busy machine a little later. */
const STANDSTILL_MS = 10_000;

/** @returns to be called with every update, in milliseconds since 1970 */
export function createAttention(startedAt: number): (at: number, isBlind: boolean) => Attention {
  let lastAt: number | undefined;
  let looksSince = Number.NEGATIVE_INFINITY;
  let seesSince = Number.NEGATIVE_INFINITY;

  return (at, isBlind) => {
    const stoodStill = lastAt !== undefined && Math.abs(at - lastAt) > STANDSTILL_MS;
    lastAt = at;
    if (stoodStill) looksSince = at;
    if (stoodStill || isBlind) seesSince = at;
    return {
      runsForMs: at - startedAt,
      looksForMs: at - looksSince,
      seesForMs: at - seesSince,
      stoodStill,
    };
  };
}
