/** What an outcome broke, as sentences. */
import { LIMITS, maxQueries } from './limits.js';
import type { ScenarioOutcome } from './scenario-outcome.js';

export function withLimits(outcome: Omit<ScenarioOutcome, 'broken'>): ScenarioOutcome {
  return { ...outcome, broken: brokenLimits(outcome) };
}

function brokenLimits(outcome: Omit<ScenarioOutcome, 'broken'>): string[] {
  const { scenario, target, measurements, queries, machineMs, idleDetectMs } = outcome;
  const { detectMs, healMs, slowestMs, p99Ms, hangs, wrong, seen } = measurements;
  const broken: string[] = [];
  const detectLimitMs = LIMITS.detectMs + (scenario.detectExtraMs ?? 0);
  const healLimitMs = LIMITS.healMs + (scenario.healExtraMs ?? 0);
  // The delay of a server that does nothing is the machine's, not ours.
  const slowestLimitMs = LIMITS.slowestMs + (scenario.blocksMs ?? 0) + machineMs;
  const p99LimitMs = LIMITS.p99Ms + machineMs;
  if (detectMs === undefined) broken.push(`expected “${scenario.expected[target]}”, saw “${seen}”`);
  else if (detectMs > detectLimitMs)
    broken.push(`detected after ${inMs(detectMs)}, limit ${inMs(detectLimitMs)}`);
  const idleLimitMs = LIMITS.idleDetectMs + (scenario.detectExtraMs ?? 0);
  if (scenario.idle !== false && !(idleDetectMs !== undefined && idleDetectMs <= idleLimitMs))
    broken.push(
      `without requests, detected after ${inMs(idleDetectMs ?? Number.NaN)}, limit ${inMs(idleLimitMs)}`,
    );
  if (healMs === undefined) broken.push('never healthy again');
  else if (healMs > healLimitMs) broken.push(`healed after ${inMs(healMs)}, limit ${inMs(healLimitMs)}`);
  if (slowestMs > slowestLimitMs)
    broken.push(`slowest response ${inMs(slowestMs)}, limit ${inMs(slowestLimitMs)}`);
  if (scenario.clients !== undefined && p99Ms > p99LimitMs) {
    broken.push(`p99 of the public report ${inMs(p99Ms)}, limit ${inMs(p99LimitMs)}`);
  }
  if (hangs > 0) broken.push(`${hangs} hangs`);
  broken.push(...wrong.map((what) => `wrong: ${what}`), ...outcome.reasonTrouble);
  const right = new Set([...(scenario.reasons?.[target] ?? []), ...(scenario.otherReasons ?? [])]);
  // On a machine that halts everybody it is true.
  if (machineMs > LIMITS.slowestMs) right.add('EVENT_LOOP_DELAYED');
  const wrongReasons = outcome.reasons.filter((code) => !right.has(code));
  if (wrongReasons.length > 0) broken.push(`wrong reasons: ${wrongReasons.join(' ')}`);
  const most = maxQueries(queries.durationMs);
  if (Math.max(queries.database, queries.cache) > most) {
    broken.push(`${queries.database} + ${queries.cache} probe queries, limit ${most} each`);
  }
  return broken;
}

function inMs(value: number): string {
  return `${Math.round(value)} ms`;
}
