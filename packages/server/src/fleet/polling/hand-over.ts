/**
 * Polls on their way from the thread that makes them: all of a moment together, and what an instance says again is not said
 * again. Of a fleet that is well nearly nothing is copied then.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Observation, Poll, Reading } from '../observation.js';

/** As many numbers as there are polls, and times of each. */
export interface HandedPolls {
  /** Of the instances, from here on in place of their keys. */
  readonly numbers: Uint32Array;
  readonly atMs: Float64Array;
  readonly durationMs: Float64Array;
  /** Keys by the numbers that are used for the first time. */
  readonly keys: ReadonlyMap<number, string>;
  /** By the place of the poll; one that is not among them says the same as the one before. */
  readonly observations: ReadonlyMap<number, Observation>;
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
  const known = new Map<string, { readonly number: number; observation: Observation }>();
  let nextNumber = 0;
  let polls: Poll[] = [];

  return {
    add: (poll) => polls.push(poll),
    take() {
      if (polls.length === 0) return undefined;
      const taken = polls;
      polls = [];
      const keys = new Map<number, string>();
      const observations = new Map<number, Observation>();
      const numbers = Uint32Array.from(taken, ({ key, observation }, place) => {
        const before = known.get(key);
        if (before && isSame(before.observation, observation)) return before.number;
        observations.set(place, observation);
        if (before) {
          before.observation = observation;
          return before.number;
        }
        // No number is used twice: it may be on its way.
        const number = nextNumber++;
        known.set(key, { number, observation });
        keys.set(number, key);
        return number;
      });
      return {
        numbers,
        atMs: Float64Array.from(taken, ({ atMs }) => atMs),
        durationMs: Float64Array.from(taken, ({ durationMs }) => durationMs),
        keys,
        observations,
      };
    },
    keep(keys) {
      for (const key of known.keys()) if (!keys.has(key)) known.delete(key);
    },
  };
}

export function createPollReceiver(): PollReceiver {
  const known = new Map<number, { readonly key: string; observation: Observation | undefined }>();
  return {
    open({ numbers, atMs, durationMs, keys, observations }) {
      // Also those of before: a thread that has begun anew counts from the start.
      for (const [number, key] of keys) known.set(number, { key, observation: undefined });
      const polls: Poll[] = [];
      for (const [place, number] of numbers.entries()) {
        const sender = known.get(number);
        if (!sender) continue;
        const observation = observations.get(place) ?? sender.observation;
        if (!observation) continue;
        sender.observation = observation;
        polls.push({
          key: sender.key,
          atMs: atMs[place] ?? 0,
          durationMs: durationMs[place] ?? 0,
          observation,
        });
      }
      return polls;
    },
    keep(keys) {
      for (const [number, { key }] of known) if (!keys.has(key)) known.delete(number);
    },
  };
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
