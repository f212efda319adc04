/**
 * What is wrong with the list of the instances of a service. All times in milliseconds since 1970.
 */
import type { FleetProblemCode } from './fleet-problems.js';

export interface InstanceListing {
  /** Whether there is a list at all. */
  isListed(): boolean;
  found(): void;
  failed(code: FleetProblemCode): void;
  /** Some of those that are listed are not watched. */
  setCut(isCut: boolean): void;
  /** To be called about once a second. @returns whether there are too few, for longer than a release takes */
  judge(count: number, nowMs: number): boolean;
  problems(): readonly FleetProblemCode[];
}

/** A rolling release is shorter. */
const FEW_TOLERATED_MS = 120_000;

/**
 * @param expected - instances
 * @param isKnown - whether there is a list from before
 */
export function createInstanceListing(expected: number, isKnown: boolean): InstanceListing {
  let isListed = isKnown;
  let failure: FleetProblemCode | undefined;
  let isCut = false;
  let fewSince: number | null = null;
  let isTooFew = false;

  return {
    isListed: () => isListed,
    found() {
      failure = undefined;
      isListed = true;
    },
    failed(code) {
      failure = code;
    },
    setCut(cut) {
      isCut = cut;
    },
    judge(count, nowMs) {
      if (!isListed || count >= expected) fewSince = null;
      // Of the future: the clock was set back.
      else fewSince = Math.min(fewSince ?? nowMs, nowMs);
      // An empty list is no rolling release.
      isTooFew = fewSince !== null && (count === 0 || nowMs - fewSince >= FEW_TOLERATED_MS);
      return isTooFew;
    },
    problems: () => [
      ...(failure === undefined ? [] : [failure]),
      ...(isCut ? (['FLEET_TOO_MANY'] as const) : []),
      ...(isTooFew ? (['FLEET_TOO_FEW'] as const) : []),
    ],
  };
}
