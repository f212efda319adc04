/**
 * What a list of answers says about a side under a fault: pure, so that the judge can be judged.
 */
import type { ObservedResponse } from './clients.js';
import { LIMITS } from './limits.js';
import { isVerdict, type Scenario } from './scenario.js';

/** The moments of a fault, by `performance.now()`. */
export interface ScenarioTimeline {
  /** The fault was begun. */
  readonly begunMs: number;
  /** It stood. */
  readonly stoodMs: number;
  /** Its mending was begun. */
  readonly mendingMs: number;
  /** It was over. */
  readonly mendedMs: number;
}

/** What was seen of one side. Times in milliseconds; `undefined` for what never came. */
export interface Measurements {
  /** The verdict that was expected, or the last one there was instead. */
  readonly seen: string;
  readonly detectMs: number | undefined;
  readonly healMs: number | undefined;
  /** Of all answers. */
  readonly slowestMs: number;
  /** Of the public report. */
  readonly p99Ms: number;
  readonly responses: number;
  readonly hangs: number;
  /** Answers that said something else than they should have, once each kind. */
  readonly wrong: readonly string[];
}

/** An answer that was on its way when another was seen is not wrong for it. */
const CROSSING_MS = 250;
const HANG_MS = 4_900;
/** What `Retry-After` says: whoever comes again then is let in. */
const COME_AGAIN_MS = 1_000;
const HEALTHY = 'healthy';
/** What a question that was asked in a fault and answered when it was over truly is. */
const LATE_RESPONSES = ['DATABASE_SLOW', 'CACHE_SLOW'];

/** Judges one side's answers by what `row` expects of it. */
export function measure(
  row: Scenario,
  expected: string,
  answers: readonly ObservedResponse[],
  course: ScenarioTimeline,
): Measurements {
  const reports = answers.filter(({ endpoint }) => endpoint === 'public' || endpoint === 'admin');
  const detected = reports.find(
    ({ sentMs: askedMs, verdict }) => askedMs >= course.begunMs && isVerdict(row, expected, verdict),
  );
  const healed = reports.find(
    ({ sentMs: askedMs, verdict }) => askedMs >= course.mendedMs && verdict === HEALTHY,
  );
  const wrong = new Map<string, number[]>();
  for (const answer of answers) {
    const what = wrongness(answer);
    if (what !== undefined) wrong.set(what, [...(wrong.get(what) ?? []), answer.sentMs]);
  }

  /** In words, or `undefined` for an answer that was right. */
  function wrongness({
    endpoint,
    sentMs: askedMs,
    httpStatus,
    verdict,
    ms,
  }: ObservedResponse): string | undefined {
    if (httpStatus === 0) return ms >= HANG_MS ? undefined : `${endpoint}: no answer, ${verdict}`;
    if (httpStatus === 500) return `${endpoint}: 500`;
    if (endpoint === 'livez' && httpStatus !== 200) return `livez ${httpStatus}`;
    if (endpoint !== 'public' && endpoint !== 'admin') return undefined;
    // Nobody can say who an administrator is between a store's silence and its probe's word.
    if (endpoint === 'admin' && httpStatus === 503 && verdict === 'unavailable')
      return isUnannounced(askedMs) ? undefined : 'admin: unavailable';
    if (httpStatus !== (verdict.startsWith('unhealthy') ? 503 : 200))
      return `${endpoint}: ${httpStatus} ${verdict}`;
    return isRight(askedMs, verdict, askedMs + ms) ? undefined : `${endpoint}: ${verdict}`;
  }

  function isRight(askedMs: number, verdict: string, answeredMs: number): boolean {
    if (askedMs < course.begunMs) return verdict === HEALTHY;
    if (isVerdict(row, expected, verdict)) return askedMs < endOfHealing() + CROSSING_MS;
    if (isPassing(verdict)) return askedMs < lastDetection() || isHealing(askedMs);
    if (verdict !== HEALTHY) return false;
    // Good news before it can be known that it is over, or after it should have been known that it is not.
    return askedMs < lastDetection() || answeredMs >= course.mendingMs;
  }

  function isUnannounced(askedMs: number): boolean {
    if (row.adminMayWait) return askedMs >= course.begunMs - CROSSING_MS && askedMs < endOfHealing();
    // A restart that mends takes a database away which its probe calls up: until the probe looks again, nobody can say.
    const isTakenAway = !expected.startsWith('unhealthy') && row.passing?.includes('DATABASE_STARTING');
    const untilMs = course.mendedMs + (isTakenAway ? COME_AGAIN_MS : 0);
    const isBeingMended = askedMs >= course.mendingMs && askedMs < untilMs;
    return isBeingMended || (askedMs >= course.begunMs - CROSSING_MS && askedMs < lastDetection());
  }

  function lastDetection(): number {
    return Math.min(detectedMs(), course.stoodMs + LIMITS.detectMs + (row.detectExtraMs ?? 0)) + CROSSING_MS;
  }

  function detectedMs(): number {
    return detected?.sentMs ?? Number.POSITIVE_INFINITY;
  }

  function isHealing(askedMs: number): boolean {
    return askedMs >= course.mendingMs && askedMs < endOfHealing() + CROSSING_MS;
  }

  function endOfHealing(): number {
    // A fault that changes no verdict never ends to be right.
    if (expected === HEALTHY) return Number.POSITIVE_INFINITY;
    return Math.min(
      healed?.sentMs ?? Number.POSITIVE_INFINITY,
      course.mendedMs + LIMITS.healMs + (row.healExtraMs ?? 0),
    );
  }

  function isPassing(verdict: string): boolean {
    const [, ...codes] = verdict.split(' ');
    const allowed = new Set([
      ...(row.passing ?? []),
      ...(row.beside ?? []),
      ...expected.split(' ').slice(1),
      ...LATE_RESPONSES,
    ]);
    return codes.length > 0 && codes.every((code) => allowed.has(code));
  }

  function momentOf(askedMs: number): string {
    if (askedMs < course.begunMs) return 'before it';
    if (askedMs < course.mendingMs) return `${seconds(askedMs - course.stoodMs)} into it`;
    return `${seconds(askedMs - course.mendedMs)} after it`;
  }

  const waits = answers.map(({ ms }) => ms);
  const publicWaits = answers
    .filter(({ endpoint }) => endpoint === 'public')
    .map(({ ms }) => ms)
    .toSorted((a, b) => a - b);
  return {
    seen: detected ? expected : (reports.at(-1)?.verdict ?? 'nothing'),
    detectMs: detected && Math.max(0, detected.sentMs + detected.ms - course.stoodMs),
    healMs: healed && Math.max(0, healed.sentMs + healed.ms - course.mendedMs),
    slowestMs: Math.max(0, ...waits),
    p99Ms: publicWaits[Math.floor(publicWaits.length * 0.99)] ?? 0,
    responses: answers.length,
    hangs: answers.filter(({ httpStatus, ms }) => httpStatus === 0 && ms >= HANG_MS).length,
    wrong: [...wrong].map(
      ([what, times]) =>
        `${times.length} × ${what}, from ${momentOf(Math.min(...times))} to ${momentOf(Math.max(...times))}`,
    ),
  };
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
