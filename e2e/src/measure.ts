/**
 * What the responses of a target under a fault amount to. Pure, so that it can be tested.
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

/** What was seen of one target; `undefined` for what never came. */
export interface Measurements {
  /** The expected verdict, or the last one if that never came. */
  readonly seen: string;
  readonly detectMs: number | undefined;
  readonly healMs: number | undefined;
  /** Of all responses. */
  readonly slowestMs: number;
  /** Of the public report. */
  readonly p99Ms: number;
  readonly responses: number;
  readonly hangs: number;
  /** Wrong responses, one sentence for each kind. */
  readonly wrong: readonly string[];
}

/** Responses may cross: one this much older than the first of a new verdict is not wrong. */
const CROSSING_MS = 250;
const HANG_MS = 4_900;
/** What `Retry-After` says. */
const RETRY_AFTER_MS = 1_000;
const HEALTHY = 'healthy';
/** A probe query sent in a fault and answered after it was truly slow. */
const LATE_RESPONSES = ['DATABASE_SLOW', 'CACHE_SLOW'];

export function measure(
  scenario: Scenario,
  expected: string,
  responses: readonly ObservedResponse[],
  timeline: ScenarioTimeline,
): Measurements {
  const reports = responses.filter(({ endpoint }) => endpoint === 'public' || endpoint === 'admin');
  const detected = reports.find(
    ({ sentMs, verdict }) => sentMs >= timeline.begunMs && isVerdict(scenario, expected, verdict),
  );
  const healed = reports.find(({ sentMs, verdict }) => sentMs >= timeline.mendedMs && verdict === HEALTHY);
  const wrong = new Map<string, number[]>();
  for (const answer of responses) {
    const what = wrongness(answer);
    if (what !== undefined) wrong.set(what, [...(wrong.get(what) ?? []), answer.sentMs]);
  }

  /** `undefined` for a response that was right. */
  function wrongness({ endpoint, sentMs, httpStatus, verdict, ms }: ObservedResponse): string | undefined {
    if (httpStatus === 0) return ms >= HANG_MS ? undefined : `${endpoint}: no answer, ${verdict}`;
    if (httpStatus === 500) return `${endpoint}: 500`;
    if (endpoint === 'livez' && httpStatus !== 200) return `livez ${httpStatus}`;
    if (endpoint !== 'public' && endpoint !== 'admin') return undefined;
    // Between a store's silence and its probe's word the service cannot check sessions.
    if (endpoint === 'admin' && httpStatus === 503 && verdict === 'unavailable')
      return isUnannounced(sentMs) ? undefined : 'admin: unavailable';
    if (httpStatus !== (verdict.startsWith('unhealthy') ? 503 : 200))
      return `${endpoint}: ${httpStatus} ${verdict}`;
    return isRight(sentMs, verdict, sentMs + ms) ? undefined : `${endpoint}: ${verdict}`;
  }

  function isRight(sentMs: number, verdict: string, answeredMs: number): boolean {
    if (sentMs < timeline.begunMs) return verdict === HEALTHY;
    if (isVerdict(scenario, expected, verdict)) return sentMs < endOfHealing() + CROSSING_MS;
    if (isPassing(scenario, expected, verdict))
      return scenario.comesAndGoes === true || sentMs < lastDetection() || isHealing(sentMs);
    if (verdict !== HEALTHY) return false;
    // Healthy is right until the fault must have been detected, and from its mending on.
    return scenario.comesAndGoes === true || sentMs < lastDetection() || answeredMs >= timeline.mendingMs;
  }

  function isUnannounced(sentMs: number): boolean {
    if (scenario.adminMayWait) return sentMs >= timeline.begunMs - CROSSING_MS && sentMs < endOfHealing();
    // The connection of the look-ups is made anew after the mending, and the probe may call the database up before that.
    const isBeingMended = sentMs >= timeline.mendingMs && sentMs < timeline.mendedMs + RETRY_AFTER_MS;
    return isBeingMended || (sentMs >= timeline.begunMs - CROSSING_MS && sentMs < lastDetection());
  }

  function lastDetection(): number {
    return (
      Math.min(detectedMs(), timeline.stoodMs + LIMITS.detectMs + (scenario.detectExtraMs ?? 0)) + CROSSING_MS
    );
  }

  function detectedMs(): number {
    return detected?.sentMs ?? Number.POSITIVE_INFINITY;
  }

  function isHealing(sentMs: number): boolean {
    return sentMs >= timeline.mendingMs && sentMs < endOfHealing() + CROSSING_MS;
  }

  function endOfHealing(): number {
    // A scenario that expects `healthy` has no end of healing.
    if (expected === HEALTHY) return Number.POSITIVE_INFINITY;
    return Math.min(
      healed?.sentMs ?? Number.POSITIVE_INFINITY,
      timeline.mendedMs + LIMITS.healMs + (scenario.healExtraMs ?? 0),
    );
  }

  function momentOf(sentMs: number): string {
    if (sentMs < timeline.begunMs) return 'before it';
    if (sentMs < timeline.mendingMs) return `${seconds(sentMs - timeline.stoodMs)} into it`;
    return `${seconds(sentMs - timeline.mendedMs)} after it`;
  }

  const waits = responses.map(({ ms }) => ms);
  const publicWaits = responses
    .filter(({ endpoint }) => endpoint === 'public')
    .map(({ ms }) => ms)
    .toSorted((a, b) => a - b);
  return {
    seen: detected ? expected : (reports.at(-1)?.verdict ?? 'nothing'),
    detectMs: detected && Math.max(0, detected.sentMs + detected.ms - timeline.stoodMs),
    healMs: healed && Math.max(0, healed.sentMs + healed.ms - timeline.mendedMs),
    slowestMs: Math.max(0, ...waits),
    p99Ms: publicWaits[Math.floor(publicWaits.length * 0.99)] ?? 0,
    responses: responses.length,
    hangs: responses.filter(({ httpStatus, ms }) => httpStatus === 0 && ms >= HANG_MS).length,
    wrong: [...wrong].map(
      ([what, times]) =>
        `${times.length} × ${what}, from ${momentOf(Math.min(...times))} to ${momentOf(Math.max(...times))}`,
    ),
  };
}

/** Whether it has no codes but those that may come on the way to the expected verdict. */
function isPassing(scenario: Scenario, expected: string, verdict: string): boolean {
  const [, ...codes] = verdict.split(' ');
  const allowed = new Set([
    ...(scenario.passing ?? []),
    ...(scenario.beside ?? []),
    ...expected.split(' ').slice(1),
    ...LATE_RESPONSES,
  ]);
  return codes.length > 0 && codes.every((code) => allowed.has(code));
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
