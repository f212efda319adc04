/**
 * Reads a value of the fleet file by a rule, or says where it stands (as a JSON pointer), the rule, and what was given.
 */
import { childOf } from '../formats/json-pointer.js';

/** A mistake in the fleet file. The message is a sentence for whoever wrote the file. */
export class FleetFileError extends Error {
  constructor(pointer: string, rule: string, value: unknown) {
    super(`Expected ${pointer === '' ? 'the fleet file' : pointer} ${rule}, got ${shown(value)}.`);
  }
}

/** @throws FleetFileError */
export type Reader<Value> = (value: unknown, pointer: string) => Value;

type Fields = Readonly<Record<string, Reader<unknown>>>;
type FromFields<F extends Fields> = { readonly [Key in keyof F]: ReturnType<F[Key]> };

/** An object with these keys and no other. A key that is left out is read as `undefined`. */
export function object<F extends Fields>(fields: F): Reader<FromFields<F>> {
  const known = Object.keys(fields);
  return (value, pointer) => {
    const record = recordAt(value, pointer);
    for (const key of Object.keys(record)) {
      if (!known.includes(key)) {
        throw new FleetFileError(childOf(pointer, key), `to be one of ${known.join(', ')}`, key);
      }
    }
    const entries = known.map((key) => [key, fields[key]?.(record[key], childOf(pointer, key))]);
    // Each key holds what its own reader gave.
    return Object.fromEntries(entries) as FromFields<F>;
  };
}

/** An object with any keys: of what each holds. */
export function recordOf<Value>(
  key: Reader<string>,
  entry: Reader<Value>,
  most: number,
): Reader<Readonly<Record<string, Value>>> {
  return (value, pointer) => {
    const entries = Object.entries(recordAt(value, pointer));
    if (entries.length > most) throw new FleetFileError(pointer, `to have at most ${most} keys`, value);
    return Object.fromEntries(
      entries.map(([name, held]) => [key(name, childOf(pointer, name)), entry(held, childOf(pointer, name))]),
    );
  };
}

export function listOf<Value>(
  entry: Reader<Value>,
  { from = 0, to = 10_000 } = {},
): Reader<readonly Value[]> {
  return (value, pointer) => {
    if (!Array.isArray(value) || value.length < from || value.length > to) {
      throw new FleetFileError(pointer, `to be a list of ${from} to ${to}`, value);
    }
    return (value as readonly unknown[]).map((one, index) => entry(one, childOf(pointer, index)));
  };
}

/** The reader’s value, or `fallback` where nothing is given. */
export function or<Value, Fallback>(reader: Reader<Value>, fallback: Fallback): Reader<Value | Fallback> {
  return (value, pointer) => (value === undefined ? fallback : reader(value, pointer));
}

export function text(rule: string, holds: (text: string) => boolean): Reader<string> {
  return (value, pointer) => {
    if (typeof value !== 'string' || !holds(value)) throw new FleetFileError(pointer, rule, value);
    return value;
  };
}

export function oneOf<const Word extends string>(...words: readonly Word[]): Reader<Word> {
  return (value, pointer) => {
    const word = words.find((candidate) => candidate === value);
    if (word === undefined) throw new FleetFileError(pointer, `to be one of ${words.join(', ')}`, value);
    return word;
  };
}

export function wholeNumber(from: number, to: number): Reader<number> {
  return (value, pointer) => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < from || value > to) {
      throw new FleetFileError(pointer, `to be a whole number from ${from} to ${to}`, value);
    }
    return value;
  };
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** A number and its unit: `500ms`, `10s`, `2m`. @returns milliseconds */
export function duration(fromMs: number, toMs: number): Reader<number> {
  return (value, pointer) => {
    const [, digits, unit] = typeof value === 'string' ? (/^(\d{1,9})(ms|s|m|h)$/.exec(value) ?? []) : [];
    const ms = Number(digits) * (UNITS[unit ?? ''] ?? Number.NaN);
    if (!(ms >= fromMs && ms <= toMs)) {
      throw new FleetFileError(
        pointer,
        `to be a time such as 10s, from ${fromMs / 1_000}s to ${toMs / 1_000}s`,
        value,
      );
    }
    return ms;
  };
}

function recordAt(value: unknown, pointer: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new FleetFileError(pointer, 'to be a mapping of keys', value);
  }
  return value as Readonly<Record<string, unknown>>;
}

/** Long enough to recognise it. */
const MOST_SHOWN = 80;

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const json = JSON.stringify(value) ?? typeof value;
  return json.length > MOST_SHOWN ? `${json.slice(0, MOST_SHOWN)}…` : json;
}
