/**
 * Whether traffic is welcome. Trouble of this process's own says no; that of a store which every replica shares does not,
 * or all of them would leave the balancer at once, and the operators' page with them.
 */
import { PROBLEMS, type ProblemCode } from './problems.js';
import { allProblems, type HealthSnapshot } from './report.js';
import { isUp } from './verdict.js';

/** What readiness depends on besides: `critical` adds the critical parts. */
export type Ready = 'own' | 'critical';

/** Keeps count of the runs that fail. */
export interface Readiness {
  /** To be told after each run of a part. */
  readonly noteRun: (name: string, facts: HealthSnapshot) => void;
  readonly isReady: (facts: HealthSnapshot) => boolean;
}

/** Another replica may be better off with any of these. */
const OWN_TROUBLE: ReadonlySet<ProblemCode> = new Set([
  'EVENT_LOOP_DELAYED',
  'THREAD_POOL_BUSY',
  'PROCESS_OUT_OF_DESCRIPTORS',
] as const);

/** A database that restarts is back after a run or two. */
const FAILED_RUNS = 3;

export function createReadiness(ready: Ready): Readiness {
  const failedRuns = new Map<string, number>();
  return {
    noteRun(name, facts) {
      if (ready !== 'critical') return;
      failedRuns.set(name, isOfUse(name, facts) ? 0 : (failedRuns.get(name) ?? 0) + 1);
    },
    isReady(facts) {
      if (allProblems(facts).some((code) => OWN_TROUBLE.has(code))) return false;
      return facts.components.every(
        ({ name, critical }) => !critical || (failedRuns.get(name) ?? 0) < FAILED_RUNS,
      );
    },
  };
}

/** Whether the verdict would let it pass: it answers, and nothing is found about it or its pool that fails. */
function isOfUse(
  name: string,
  { components: findings, otherProblems: others, databases }: HealthSnapshot,
): boolean {
  const finding = findings.find((one) => one.name === name);
  const ofPool = name === 'database' ? others : (databases.find((one) => one.name === name)?.problems ?? []);
  const problems = [...(finding?.problems ?? []), ...ofPool];
  return isUp(finding?.state) && !problems.some((code) => PROBLEMS[code].effect === 'fails');
}
