/**
 * Values in an answer of a server, which may be anything that speaks the protocol: bounded, and of the kind asked for or not
 * there.
 */
import { asList } from 'portal-shared/json';

/** Longer answers are cut, and so are no answers. */
const LONGEST_ANSWER = 65_536;
/** More entries than the question asks for are not read. */
const MOST_ENTRIES = 128;

/** The entries of an answer that is a list in JSON; `undefined` when it is none. */
export function fieldsIn(text: unknown): readonly unknown[] | undefined {
  if (typeof text !== 'string' || text.length > LONGEST_ANSWER) return undefined;
  try {
    return asList(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** A list, no longer than any that was asked for. */
export function listIn(value: unknown): readonly unknown[] {
  return (asList(value) ?? []).slice(0, MOST_ENTRIES);
}

/** A whole number from 0. */
export function countIn(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

export function textIn(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** Milliseconds since 1970. */
export function timeIn(value: unknown): number | null {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isFinite(time) ? time : null;
}

/** Milliseconds from a time to another, not negative: within one answer clocks differ by some microseconds. */
export function ageOf(time: unknown, serverMs: number): number | null {
  const since = timeIn(time);
  return since === null ? null : Math.max(0, serverMs - since);
}
