/**
 * The fields of a health document that are kept, each by a rule that lets through nothing else.
 */

/** More codes of one instance say nothing more. */
const MOST_CODES = 16;

/** At the end of a sentence, as the contract has it; after the name of a store where there are several. */
const CODE = /\(([A-Z_]{3,40})\)$/;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;
/** Clocks of two machines differ; more than this is garbage. */
const CLOCK_TOLERANCE_MS = 60_000;

/** The text as JSON; `undefined` if it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** The codes of an `errors` list. Anything that is no such sentence is dropped. */
export function codesIn(errors: unknown): readonly string[] {
  if (!Array.isArray(errors)) return [];
  const codes = new Set<string>();
  for (const sentence of errors as readonly unknown[]) {
    const code = typeof sentence === 'string' ? CODE.exec(sentence.slice(-45))?.[1] : undefined;
    if (code !== undefined) codes.add(code);
    if (codes.size === MOST_CODES) break;
  }
  return [...codes];
}

/** Milliseconds since 1970; `null` if it is none, or of the future. */
export function instantIn(value: unknown, nowMs: number): number | null {
  if (typeof value !== 'string' || !INSTANT.test(value)) return null;
  const instantMs = Date.parse(value);
  return instantMs > 0 && instantMs <= nowMs + CLOCK_TOLERANCE_MS ? instantMs : null;
}

/** In capitals, or of another length, it is none that could be compared. */
export function sourceHashIn(value: unknown): string | null {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value) ? value : null;
}
