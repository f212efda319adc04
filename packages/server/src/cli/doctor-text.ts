/**
 * What `portal-server doctor` prints, and what it exits with: pure.
 */
import { PROBLEMS, type ProblemCode } from 'portal-health';
import type { Diagnosis } from 'portal-health/diagnose';

/** 0: all is well; 1: something is wrong; 2: a store cannot be used. */
export function exitCodeOf(found: readonly Diagnosis[]): 0 | 1 | 2 {
  if (found.some(({ state }) => state === 'down')) return 2;
  const isWell = found.every(
    ({ state, problems, reasons }) => state === 'up' && problems.length === 0 && reasons.length === 0,
  );
  return isWell ? 0 : 1;
}

const HIDDEN =
  'What the sessions of other roles do is hidden from this role: GRANT pg_monitor TO it, and look again.';

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
      ...nextLines(nextStepOf(problem)),
    ]),
    ...reasons.flatMap(({ code: reason, sentence, next }) => [
      `  ${sentence} (${reason})`,
      ...nextLines(next),
    ]),
    ...(seesAll === false ? [`  ${HIDDEN}`] : []),
    ...(unanswered === null ? [] : [`  Who holds what was asked and not answered (${unanswered}).`]),
  ];
}

function nextLines(next: string | undefined): readonly string[] {
  return next === undefined ? [] : [`    Next: ${next}`];
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
          next: nextStepOf(code) ?? null,
        })),
        cause,
        reasons,
        sees_all: seesAll,
        unanswered,
      }),
    ),
  };
}

function nextStepOf(code: ProblemCode): string | undefined {
  return NEXT_STEPS[code];
}

/** Of what one look can find. `docs/errors.md` says more of each. */
const NEXT_STEPS: Partial<Readonly<Record<ProblemCode, string>>> = {
  DATABASE_UNREACHABLE:
    'See whether the server runs and listens, then the network, and the port in DATABASE_URL.',
  DATABASE_TIMEOUT: "Look at the server's machine first: a stopped process, a full disk, a lost network.",
  DATABASE_CERTIFICATE:
    'Compare the certificate with the name in DATABASE_URL and its date; NODE_EXTRA_CA_CERTS for a CA of your own.',
  DATABASE_REFUSED_LOGIN:
    'Compare user, password and database in DATABASE_URL with the server; was a password rotated?',
  DATABASE_TOO_MANY_CONNECTIONS:
    'As a superuser, for whom places are kept: SELECT usename, application_name, count(*) FROM pg_stat_activity GROUP BY 1, 2.',
  DATABASE_STARTING: "Wait; if it lasts, read the server's log.",
  DATABASE_FAILED: 'Look up the code behind the problem; see what stands at that address.',
  DATABASE_SLOW: "See the load of the server's machine and the network.",
  DATABASE_READ_ONLY: 'A standby, or default_transaction_read_only: does DATABASE_URL name the primary?',
  DATABASE_OUT_OF_MEMORY: "See the memory of the server's machine, shared_buffers and work_mem.",
  CACHE_UNREACHABLE: 'See whether the server runs and listens, then the network, and the port in REDIS_URL.',
  CACHE_TIMEOUT: "Look at the server's machine first: a stopped process, a slow command, a lost network.",
  CACHE_CERTIFICATE:
    'Compare the certificate with the name in REDIS_URL and its date; NODE_EXTRA_CA_CERTS for a CA of your own.',
  CACHE_REFUSED_LOGIN: 'Compare user and password in REDIS_URL with the server; was a password rotated?',
  CACHE_TOO_MANY_CONNECTIONS: 'Find who leaks connections (CLIENT LIST), or raise maxclients.',
  CACHE_LOADING: 'Wait: it reads its data after a start.',
  CACHE_FAILED: 'Look up the code behind the problem; see what stands at that address.',
  CACHE_SLOW: 'See SLOWLOG GET, and the load of its machine.',
  CACHE_READ_ONLY: 'A replica: does REDIS_URL name the master?',
  CACHE_OUT_OF_MEMORY: 'Raise maxmemory, or choose a policy that evicts.',
  CACHE_WRITES_REFUSED: 'See the disk of the cache, its log, and its replicas.',
  CACHE_CLUSTER_DOWN: 'See CLUSTER INFO and CLUSTER NODES.',
  NAME_LOOKUP: 'See the name in the URL, and the DNS of this machine.',
  THREAD_POOL_BUSY: 'This machine is busy: look again.',
  EVENT_LOOP_DELAYED: 'This machine is busy: look again.',
  PROCESS_OUT_OF_DESCRIPTORS: 'Raise ulimit -n of this shell.',
};
