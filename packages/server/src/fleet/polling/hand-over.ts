/**
 * Polls on their way from the thread that makes them: all of a moment together, and what an instance says again is not said
 * again. Of a fleet that is well nearly nothing is copied then.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Observation, Poll, Reading } from '../observation.js';

/** As many of each as there are polls. */
export interface HandedPolls {
  readonly keys: readonly string[];
  readonly atMs: Float64Array;
  readonly durationMs: Float64Array;
  /** `null`: the same as last time. */
  readonly observations: readonly (Observation | null)[];
}

export interface PollSender {
  add(poll: Poll): void;
  /** All since the last call. */
  take(): HandedPolls | undefined;
  /** Forgets the others. */
  keep(keys: ReadonlySet<string>): void;
}

export interface PollReceiver {
  /** Polls of what is no longer kept are dropped. */
  open(handed: HandedPolls): readonly Poll[];
  keep(keys: ReadonlySet<string>): void;
}

export function createPollSender(): PollSender {
  const last = new Map<string, Observation>();
  let polls: Poll[] = [];

  function news({ key, observation }: Poll): Observation | null {
    const before = last.get(key);
    if (before && isSame(before, observation)) return null;
    last.set(key, observation);
    return observation;
  }

  return {
    add: (poll) => polls.push(poll),
    take() {
      if (polls.length === 0) return undefined;
      const taken = polls;
      polls = [];
      return {
        keys: taken.map(({ key }) => key),
        atMs: Float64Array.from(taken, ({ atMs }) => atMs),
        durationMs: Float64Array.from(taken, ({ durationMs }) => durationMs),
        observations: taken.map(news),
      };
    },
    keep: (keys) => forgetOthers(last, keys),
  };
}

export function createPollReceiver(): PollReceiver {
  const last = new Map<string, Observation>();
  return {
    open({ keys, atMs, durationMs, observations }) {
      return keys.flatMap((key, index) => {
        const observation = observations[index] ?? last.get(key);
        if (!observation) return [];
        last.set(key, observation);
        return { key, atMs: atMs[index] ?? 0, durationMs: durationMs[index] ?? 0, observation };
      });
    },
    keep: (keys) => forgetOthers(last, keys),
  };
}

function forgetOthers(last: Map<string, Observation>, keys: ReadonlySet<string>): void {
  for (const key of last.keys()) if (!keys.has(key)) last.delete(key);
}

/** Most polls are, so it must cost little to find that out. */
function isSame(one: Observation, other: Observation): boolean {
  if (one.kind === 'answered') {
    return (
      other.kind === 'answered' &&
      one.isTokenWithheld === other.isTokenWithheld &&
      isSameReading(one.reading, other.reading)
    );
  }
  return isDeepStrictEqual(one, other);
}

function isSameReading(one: Reading, other: Reading): boolean {
  return (
    one.health === other.health &&
    one.startedAtMs === other.startedAtMs &&
    one.sourceHash === other.sourceHash &&
    (one.codes.length + other.codes.length === 0 || isDeepStrictEqual(one.codes, other.codes)) &&
    (one.signed === other.signed || isDeepStrictEqual(one.signed, other.signed))
  );
}
