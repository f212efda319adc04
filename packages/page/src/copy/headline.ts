/**
 * The causes of a status, each with its sentence, its effect on users and what to do next. Pure.
 */
import { PROBLEMS, type ProblemCode, type Status } from 'portal-health';
import type { HeldCauseDocument } from 'portal-server/api';
import { PROBLEM_ADVICE, type Advice } from 'portal-health/advice';

/** `unknown` until the service has answered. */
export type DisplayStatus = Status | 'unknown';

export interface DisplayCause {
  /** `null` for a problem that this page does not know: a service newer than the page. */
  readonly code: ProblemCode | null;
  /** Whose it is; `null` where that is not known. */
  readonly component: string | null;
  readonly sentence: string;
  readonly advice: Advice | null;
  /** When it began; `null` where that is not known. */
  readonly since: string | null;
}

/** Shape and label, so that nothing depends on colour. */
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

/** The causes that hold, each with when it began; the worst first, as the service sends them. */
export function causesOf(held: readonly HeldCauseDocument[]): readonly DisplayCause[] {
  return held.map(({ component, code, since }) => {
    const sentence = namedSentence(component, code);
    return isCode(code)
      ? { code, component, sentence, since, advice: PROBLEM_ADVICE[code] }
      : { code: null, component, sentence, since, advice: null };
  });
}

/**
 * The causes of a published report, which has sentences with their codes in brackets, and no times. Everything else that
 * the service sends the page has codes.
 */
export function causesOfErrors(errors: readonly string[]): readonly DisplayCause[] {
  return errors.map((error) => {
    const [, sentence = error, code = ''] = /^(.*) \(([A-Z_]+)\)$/.exec(error) ?? [];
    return isCode(code)
      ? { code, component: null, sentence, since: null, advice: PROBLEM_ADVICE[code] }
      : { code: null, component: null, sentence: error, since: null, advice: null };
  });
}

/** Their sentences name them already; other components are named before the sentence. */
const UNNAMED: ReadonlySet<string> = new Set(['database', 'cache', 'source', 'process']);
/** Codes that any component may have. */
const SHARED = /^(CHECK_|NAME_LOOKUP|PASSWORD_)/;

/** The sentence of a component's code, as in a report: `orders: The database does not answer in time`. */
export function namedSentence(component: string, code: string): string {
  const isPlain = UNNAMED.has(component) && !SHARED.test(code);
  return isPlain ? problemSentence(code) : `${component}: ${problemSentence(code)}`;
}

/** The sentence of a code, for an event, which has codes only. */
export function problemSentence(code: string): string {
  return isCode(code) ? PROBLEMS[code].sentence : code;
}

export function lowerFirst(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}

function isCode(code: string): code is ProblemCode {
  return Object.hasOwn(PROBLEMS, code);
}
