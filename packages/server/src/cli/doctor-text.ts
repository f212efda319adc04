/**
 * What `portal-server doctor` prints, and what it exits with: pure.
 */
import { PROBLEMS, type ProblemCode } from 'portal-health';
import { PROBLEM_ADVICE } from 'portal-health/advice';
import type { Diagnosis } from 'portal-health/diagnose';

/** 0: all is well; 1: something is wrong; 2: a store cannot be used. */
export function exitCodeOf(found: readonly Diagnosis[]): 0 | 1 | 2 {
  if (found.some(({ state }) => state === 'down')) return 2;
  const isWell = found.every(
    ({ state, problems, reasons }) => state === 'up' && problems.length === 0 && reasons.length === 0,
  );
  return isWell ? 0 : 1;
}

const HIDDEN = {
  database:
    'What the sessions of other roles do is hidden from this role: GRANT pg_monitor TO it, and look again.',
  cache: 'What the cache tells of itself is hidden from this user: ACL SETUSER it +info, and look again.',
} as const;

export function diagnosisText(found: readonly Diagnosis[]): string {
  return found.map((diagnosis) => linesOf(diagnosis).join('\n')).join('\n');
}

function linesOf({
  component,
  state,
  latencyMs,
  problems,
  cause,
  reasons,
  seesAll,
  unanswered,
}: Diagnosis): readonly string[] {
  const isWell = problems.length + reasons.length === 0;
  const took = latencyMs === null ? '' : `, answers in ${latencyMs.toFixed(1)} ms`;
  const code = cause === null ? '' : `, ${cause}`;
  return [
    `${component}: ${state}${took}${isWell && state === 'up' ? ', nothing is wrong' : ''}`,
    ...problems.flatMap((problem, at) => [
      `  ${PROBLEMS[problem].sentence} (${problem}${at === 0 ? code : ''})`,
      `    Next: ${nextStepOf(problem)}`,
    ]),
    ...reasons.flatMap(({ code: reason, sentence, next }) => [
      `  ${sentence} (${reason})`,
      `    Next: ${next}`,
    ]),
    ...(seesAll === false ? [`  ${HIDDEN[component]}`] : []),
    ...(unanswered === null ? [] : [`  Who holds what was asked and not answered (${unanswered}).`]),
  ];
}

/** The same for machines, in the keys of the service's documents. */
export function diagnosisDocument(found: readonly Diagnosis[]): object {
  const statuses = ['healthy', 'degraded', 'unhealthy'] as const;
  return {
    status: statuses[exitCodeOf(found)],
    components: found.map(
      ({ component, state, latencyMs, problems, cause, reasons, seesAll, unanswered }) => ({
        name: component,
        state,
        latency_ms: latencyMs === null ? null : Math.round(latencyMs * 10) / 10,
        problems: problems.map((code) => ({
          code,
          sentence: PROBLEMS[code].sentence,
          next: nextStepOf(code),
        })),
        cause,
        reasons,
        sees_all: seesAll,
        unanswered,
      }),
    ),
  };
}

/** Of a problem of the doctor's own process, whose advice to an application is none to whoever asks a doctor. */
const OF_ITSELF: Partial<Readonly<Record<ProblemCode, string>>> = {
  THREAD_POOL_BUSY: 'This machine is busy: look again.',
  EVENT_LOOP_DELAYED: 'This machine is busy: look again.',
  PROCESS_OUT_OF_DESCRIPTORS: 'Raise ulimit -n of this shell.',
};

function nextStepOf(code: ProblemCode): string {
  return OF_ITSELF[code] ?? PROBLEM_ADVICE[code].next.replaceAll('`', '');
}
