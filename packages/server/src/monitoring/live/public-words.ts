/**
 * How things stand in one sentence, for anyone: the worst cause first. The page says the same, and so does the document of the
 * page before any script runs. Pure.
 */
import { PROBLEMS, type ProblemCode, type Report } from 'portal-health';

interface Held {
  readonly code: ProblemCode;
  /** ISO 8601. */
  readonly since: string;
}

/** Of equals in the order of the catalogue, and then the one that began first. */
export function worstFirst<Cause extends Held>(causes: readonly Cause[]): readonly Cause[] {
  return causes.toSorted(
    (one, other) =>
      rankOf(one.code) - rankOf(other.code) ||
      (PLACES.get(one.code) ?? 0) - (PLACES.get(other.code) ?? 0) ||
      Date.parse(one.since) - Date.parse(other.since),
  );
}

const PLACES = new Map(Object.keys(PROBLEMS).map((code, place) => [code, place]));

/** Causes that can take the service down, then those that slow it down, then the others. */
function rankOf(code: ProblemCode): number {
  if (PROBLEMS[code].effect === 'fails') return 0;
  if (PROBLEMS[code].effect === 'explains' && !code.endsWith('_SLOW')) {
    if (code.startsWith('DATABASE_')) return 0;
    if (code.startsWith('CHECK_')) return 1;
  }
  return 2;
}

/** `the cache does not answer in time`. @param worst - the worst cause, as `errors` has it with its code */
export function publicSentence(
  { status, database, cache, errors }: Pick<Report, 'status' | 'database' | 'cache' | 'errors'>,
  worst: ProblemCode | undefined,
): string {
  const error = worst && errors.find((one) => one.endsWith(` (${worst})`));
  if (error) return lowerFirst(error.slice(0, -` (${worst})`.length));
  if (database === false && cache === false) return 'neither the database nor the cache answers';
  if (database === false) return 'the database does not answer';
  if (cache === false) return 'the cache does not answer';
  return status === 'healthy' ? 'everything answers' : 'something needs attention';
}

function lowerFirst(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}
