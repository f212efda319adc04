/** `RESULTS.md`: what was seen of each group of faults when all of it ran last. */
import { pageOfSections, sectionsOf } from 'portal-test-kit';
import { cpus, totalmem } from 'node:os';
import type { LeakScan } from './planted-secrets.js';
import type { PoolCosts } from './pool-cost.js';
import { LIMITS } from './limits.js';
import { MATRIX, type FaultGroup } from './matrix.js';
import type { ScenarioOutcome } from './scenario-outcome.js';
import { ENDING } from './run-ending.js';
import { REQUIREMENTS } from './requirements.js';
import { alignedTable, outcomesTable, poolCostTable } from './table.js';

export interface RunResult {
  readonly outcomes: readonly ScenarioOutcome[];
  readonly poolCosts: PoolCosts | undefined;
  readonly broken: readonly string[];
  readonly brokenOnce: readonly string[];
  readonly scan: Pick<LeakScan, 'bytes' | 'hits'>;
  /** Whether each process had a twin without reasons. */
  readonly withReasons: boolean;
}

const HEAD = [
  '# Results',
  'Written by `npm run e2e`, group by group: each says when all of it ran last.',
  `Every fault is done to a real PostgreSQL and a real Redis, or to the network before them, while 20 clients a target request
both health documents and every other endpoint: of the **library** in a small application, and of the **service** as its binary,
each a process of its own with the default intervals (2 s in use, 10 s without requests) and a deadline of 1 s. The limits:
a fault is detected within ${LIMITS.detectMs} ms of its begin, and its end within ${LIMITS.healMs} ms; no response is slower than
${LIMITS.slowestMs} ms, none hangs, and no verdict is wrong before, during or after; a store gets at most one probe query an interval,
and one more. For the crowds the public report's p99 is also within ${LIMITS.p99Ms} ms. Limits of responses are on top of *bare ms*.`,
  `*idle ms* is the time to detect the same fault while no client requests a report; its limit is the slow interval, its jitter and the
deadline (${Math.round(LIMITS.idleDetectMs)} ms). It is read from \`/readyz?verbose\`, which does not count as a request. *bare ms* is the slowest response of a
server that does nothing, in the same time: the machine's own delay. *reasons* is why, as administrators are told: the right ones within 20 s of their
threshold (*said ms*), gone within 20 s of the end (*unsaid ms*), and no other. The service's administrators must get their page in every
scenario, also while both stores are away. Between a database's silence and its probe's word they may get 503 with a
\`Retry-After\` of a second.`,
  `Logins, host, path and SQL of a run are planted secrets: they occur nowhere else. Every response of every endpoint and format, and
both logs at their default level, are searched for pieces of 4 letters and more of them.`,
];
const POOL_TITLE = 'What the probes cost the pool';
const REQUIREMENTS_TITLE = 'The requirements, and the tests that check them';

/** @param before - the page as it was, of which the groups stay that did not run as a whole now */
export function resultsPage(before: string, result: RunResult): string {
  const { poolCosts } = result;
  const sections = sectionsOf(before);
  for (const group of MATRIX)
    if (hasRun(group, result)) sections.set(group.name, groupSection(group, result));
  if (poolCosts) {
    sections.set(
      POOL_TITLE,
      [
        'A pool of ten in use, and a network that delivers queries and no replies: a thousand probe runs that time out.',
        poolCostTable(poolCosts),
      ].join('\n\n'),
    );
  }
  sections.set(
    REQUIREMENTS_TITLE,
    alignedTable(
      ['', 'requirement', 'checked by'],
      REQUIREMENTS.map(({ number, requirement, checkedBy }) => [
        String(number),
        requirement,
        checkedBy.join(', '),
      ]),
    ),
  );
  const titles = [...MATRIX.map(({ name }) => name), POOL_TITLE, REQUIREMENTS_TITLE];
  return pageOfSections(HEAD, sections, titles);
}

/** All of it, also what has broken a limit or could not be run. */
function hasRun({ name, scenarios }: FaultGroup, { outcomes, broken }: RunResult): boolean {
  return scenarios.every(
    (scenario) =>
      outcomes.some((outcome) => outcome.scenario === scenario) ||
      broken.some((limit) => limit.startsWith(`${name}: ${scenario.fault}: `)),
  );
}

function groupSection(
  { name, scenarios }: FaultGroup,
  { outcomes, broken, brokenOnce, scan, withReasons }: RunResult,
): string {
  const now = new Date().toISOString();
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;
  const isOwn = (limit: string): boolean => limit.startsWith(`${name}: `);
  const twins = withReasons
    ? ', beside each process another one without reasons, which below administrators has to answer the same'
    : '';
  const listOf = (intro: string, limits: readonly string[]): readonly string[] =>
    limits.length === 0 ? [] : [intro, limits.map((limit) => `- ${limit}`).join('\n')];
  const own = broken.filter(isOwn);
  return [
    `Seen on ${now.slice(0, 10)} at ${now.slice(11, 16)} UTC: ${machine}, shared with others${twins}. Of the run ${(scan.bytes / 2 ** 20).toFixed(0)} MiB were searched ` +
      `for planted secrets: ${scan.hits.length} hits.${own.length === 0 ? ' Every limit held.' : ''}`,
    outcomesTable(outcomes.filter(({ group }) => group === name)),
    ...[...scenarios, ...(name === 'The process' ? [ENDING] : [])]
      .filter(({ note }) => note)
      .map(({ fault, note }) => `*${fault}*: ${note}`),
    ...listOf('Limits that did not hold:', own),
    ...listOf(
      'Limits that did not hold in the first of two runs, which the table shows the second of:',
      brokenOnce.filter(isOwn),
    ),
  ].join('\n\n');
}
