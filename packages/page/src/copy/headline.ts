/**
 * From what is known to the first thing somebody reads: one sentence, the worst cause first, and below it what it does
 * to users and what to do next. Pure.
 */
import { PROBLEMS, type ProblemCode, type Status } from 'portal-health';
import type { HeldCauseDocument, PublicStatusDocument } from 'portal-server/api';
import { CATALOGUE, type Advice } from './problem-texts.js';

/** What may be said of the whole: `unknown` while nothing was heard. */
export type DisplayStatus = Status | 'unknown';

/** One cause with its words. */
export interface DisplayCause {
  /** `null` for a problem that this page does not know: a service newer than the page. */
  readonly code: ProblemCode | null;
  readonly sentence: string;
  readonly advice: Advice | null;
  /** When it began; `null` where nobody says. */
  readonly since: string | null;
}

/** Each as shape and word, so that nothing hangs on colour. */
export const STATUS_SHAPES: Readonly<Record<DisplayStatus, string>> = {
  healthy: '●',
  degraded: '▲',
  unhealthy: '■',
  unknown: '◌',
};

export const STATUS_LABELS: Readonly<Record<DisplayStatus, string>> = {
  healthy: 'Healthy',
  degraded: 'Degraded',
  unhealthy: 'Unhealthy',
  unknown: 'Unknown',
};

/** The causes that hold, each with when it began: the worst first, of equals in the order of the catalogue. */
export function causesOf(held: readonly HeldCauseDocument[]): readonly DisplayCause[] {
  return held
    .map(({ component, code, since }) => {
      const sentence = namedSentence(component, code);
      return isCode(code)
        ? { code, sentence, since, advice: CATALOGUE[code] }
        : { code: null, sentence, since, advice: null };
    })
    .toSorted(
      (one, other) =>
        rankOf(one.code) - rankOf(other.code) ||
        placeOf(one.code) - placeOf(other.code) ||
        Date.parse(one.since) - Date.parse(other.since),
    );
}

/** The causes of a report's `errors`, of which nobody says when they began. */
export function causesOfErrors(errors: readonly string[]): readonly DisplayCause[] {
  return errors
    .map((error) => {
      const [, sentence = error, code = ''] = /^(.*) \(([A-Z_]+)\)$/.exec(error) ?? [];
      return isCode(code)
        ? { code, sentence, since: null, advice: CATALOGUE[code] }
        : { code: null, sentence: error, since: null, advice: null };
    })
    .toSorted((one, other) => rankOf(one.code) - rankOf(other.code));
}

/** What a sentence means by itself; any other part is named. */
const UNNAMED: ReadonlySet<string> = new Set(['database', 'cache', 'source', 'process']);
/** Codes that any part may have. */
const SHARED = /^(CHECK_|NAME_LOOKUP|PASSWORD_)/;

/** The sentence of a code at a part, as in a report: `orders: The database does not answer in time`. */
export function namedSentence(component: string, code: string): string {
  const isPlain = UNNAMED.has(component) && !SHARED.test(code);
  return isPlain ? problemSentence(code) : `${component}: ${problemSentence(code)}`;
}

/** The sentence of a code, for an event, which has codes only. */
export function problemSentence(code: string): string {
  return isCode(code) ? PROBLEMS[code].sentence : code;
}

/** What somebody may know who has not signed in. */
export function publicSentence({ status, database, cache }: PublicStatusDocument): string {
  if (!database && !cache) return 'neither the database nor the cache answers';
  if (!database) return 'the database does not answer';
  if (!cache) return 'the cache does not answer';
  if (status === 'healthy') return 'everything answers';
  return 'something needs a look';
}

/** Within a sentence; a part's name stays before it as it is. */
export function lowerFirst(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}

function isCode(code: string): code is ProblemCode {
  return Object.hasOwn(PROBLEMS, code);
}

const PLACES = new Map(Object.keys(PROBLEMS).map((code, place) => [code, place]));

function placeOf(code: ProblemCode | null): number {
  return code === null ? PLACES.size : (PLACES.get(code) ?? PLACES.size);
}

/** What can make the service useless, before what makes it slower, before what only needs a look. */
function rankOf(code: ProblemCode | null): number {
  if (code === null) return 3;
  if (PROBLEMS[code].effect === 'fails') return 0;
  if (PROBLEMS[code].effect === 'explains' && !code.endsWith('_SLOW')) {
    if (code.startsWith('DATABASE_')) return 0;
    if (code.startsWith('CHECK_')) return 1;
  }
  return 2;
}
