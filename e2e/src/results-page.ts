/** `docs/faults.md`: what the run saw, for a reader. */
import { cpus, totalmem } from 'node:os';
import type { LeakScan } from './planted-secrets.js';
import type { PoolCosts } from './pool-cost.js';
import { LIMITS } from './limits.js';
import { MATRIX } from './matrix.js';
import type { ScenarioOutcome } from './run-scenario.js';
import { ENDING } from './run-ending.js';
import { REQUIREMENTS } from './requirements.js';
import { alignedTable, outcomesTable, poolCostTable } from './table.js';

/** What the page is made of. */
export interface FaultsPage {
  readonly outcomes: readonly ScenarioOutcome[];
  readonly poolCosts: PoolCosts | undefined;
  readonly broken: readonly string[];
  readonly scan: Pick<LeakScan, 'bytes' | 'hits'>;
}

/** The page in Markdown. */
export function faultsPage({ outcomes, poolCosts: tolls, broken, scan }: FaultsPage): string {
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;
  return [
    '# Faults',
    `Written by \`npm run e2e\` on ${new Date().toISOString().slice(0, 10)}: ${machine}, shared with others.`,
    `Every fault is done to a real PostgreSQL and a real Redis, or to the network before them, while 20 clients a side ask for
both health documents and every other endpoint: of the **library** in a small application of its own process, and of the
**service** as its binary, each with its default intervals (2 s in use, 10 s while nobody asks) and its deadline of 1 s. Held
are: detected within ${LIMITS.detectMs} ms and healed within ${LIMITS.healMs} ms of the moment the fault began or ended, no answer
slower than ${LIMITS.slowestMs} ms, no hang, no wrong verdict before, during or after, and no more questions to a store than one an
interval and one. For the crowds also the public report's p99 within ${LIMITS.p99Ms} ms. The limits of answers are beyond *bare ms*.`,
    `*unasked ms* is the time to detect the same fault while nobody asks for a report, within the slow interval, its jitter and the
deadline (${Math.round(LIMITS.idleDetectMs)} ms); it is read from \`/readyz?verbose\`, which counts as nobody's question. *bare ms* is the slowest answer, in
the same time, of a server that does nothing: what is the machine's own. The service's administrators must get their page in every
row, also while both stores are away; from the moment a database falls silent until its probe says so they may be told to come again
in a second.`,
    ...MATRIX.map(({ name, scenarios: rows }) =>
      [
        `## ${name}`,
        outcomesTable(outcomes.filter(({ group }) => group === name)),
        ...[...rows, ...(name === 'The process' ? [ENDING] : [])]
          .filter(({ note }) => note)
          .map(({ fault, note }) => `*${fault}*: ${note}`),
      ].join('\n\n'),
    ),
    '## What got out',
    `Logins, host, path and SQL of the run are canaries. Over every answer of every endpoint and format, and both logs at their
default level, ${(scan.bytes / 2 ** 20).toFixed(0)} MiB in all, pieces of 4 letters and more were looked for: ${scan.hits.length} hits.`,
    ...(tolls
      ? [
          '## Free for the pool',
          `A pool of ten in use, and a network on which questions arrive and answers do not: a thousand probes that time out.`,
          poolCostTable(tolls),
        ]
      : []),
    '## The promises, and the tests that hold them',
    alignedTable(
      ['', 'promise', 'held by'],
      REQUIREMENTS.map(({ number, requirement: promise, checkedBy: heldBy }) => [
        String(number),
        promise,
        heldBy.join(', '),
      ]),
    ),
    '## Limits',
    broken.length === 0
      ? 'Every limit held.'
      : ['Limits that did not hold:', ...broken.map((what) => `- ${what}`)].join('\n'),
    '',
  ]
    .join('\n\n')
    .replace(/\n+$/, '\n');
}
