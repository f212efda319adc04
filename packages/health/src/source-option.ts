/**
 * The running source as the library takes it: an object that knows the hash and what is wrong, such as `watchSource()`
 * of portal-integrity gives. The library itself reads no file.
 */
import { optional } from 'portal-shared/check-options';
import { inOrder, type ProblemCode } from './problems.js';

/** What is wrong with a source. */
export interface SourceProblem {
  /** Changed on disk since the start; not what was released; cannot be read; something else is in memory. */
  readonly kind: 'drifted' | 'mismatched' | 'unreadable' | 'loaded-differs';
  /** The finding in the words of whoever watches the source, for a log. */
  readonly code: string;
  /** The same in a sentence, for a log as well: it may hold the name of a file. */
  readonly message?: string;
}

/** A source that somebody watches. Any object of this shape fits. */
export interface HealthSource {
  /** Begins to watch; kept when the first hash is known or cannot be had. Never rejects: see `problems()`. */
  start(): Promise<void>;
  /** The hash as of the start, 64 lower-case hexadecimal digits; `null` until it is known. */
  readonly hash: string | null;
  /** What is wrong as far as is known, from memory; several can be true. */
  problems(): readonly SourceProblem[];
  /** Calls `listener` whenever there may be something new to ask for. */
  onChange(listener: () => void): void;
  /** How it stands in one word, as the source of `watchSource()` knows it; may be missing. */
  state?(): { readonly state: string };
  /** The signed statement of the release as JSON (a DSSE envelope), for whoever compares instances; `null`: none. May be missing. */
  statement?(): string | null;
  /** Stops watching. */
  close(): Promise<void>;
}

const CODES: Readonly<Record<SourceProblem['kind'], ProblemCode>> = {
  drifted: 'SOURCE_DRIFTED',
  mismatched: 'SOURCE_MISMATCH',
  unreadable: 'SOURCE_UNREADABLE',
  'loaded-differs': 'SOURCE_LOADED_DIFFERS',
};

/** The catalogue's codes for what is wrong with the source, each once, in its order. */
export function sourceProblems(source: HealthSource | undefined): readonly ProblemCode[] {
  return source ? inOrder(source.problems().map(sourceCode)) : [];
}

/** From the most urgent on. */
const STATES: readonly (readonly [SourceProblem['kind'], string])[] = [
  ['unreadable', 'unreadable'],
  ['mismatched', 'mismatched'],
  ['loaded-differs', 'loaded_differs'],
  ['drifted', 'drifted'],
];

/** How the source stands in one word; `null` where there is none. */
export function sourceState(source: HealthSource | undefined): string | null {
  if (!source) return null;
  const known = source.state?.().state;
  if (known !== undefined) return known;
  const kinds = new Set(source.problems().map(({ kind }) => kind));
  return STATES.find(([kind]) => kinds.has(kind))?.[1] ?? 'unsigned';
}

/** The catalogue's code for one of them. */
export function sourceCode({ kind }: SourceProblem): ProblemCode {
  return CODES[kind];
}

const SOURCE_METHODS = ['start', 'problems', 'onChange', 'close'] as const;

export const SOURCE_RULE = optional(
  'to be a watched source, such as `watchSource({ root })` of portal-integrity gives',
  (value) => {
    if (typeof value !== 'object' || value === null) return false;
    const given = value as Readonly<Record<string, unknown>>;
    return SOURCE_METHODS.every((name) => typeof given[name] === 'function') && 'hash' in value;
  },
);
