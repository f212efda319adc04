/** The outcomes as a table: in Markdown, which a terminal shows just as well when its columns are aligned. */
import type { PoolCost, PoolCosts } from './pool-cost.js';
import type { ScenarioOutcome } from './run-scenario.js';

const HEAD = [
  'fault',
  'side',
  'what was seen',
  'detected ms',
  'unasked ms',
  'healed ms',
  'public p99 ms',
  'slowest ms',
  'bare ms',
  'answers',
  'hangs',
  'wrong',
  'questions',
];

/** One line an outcome. */
export function outcomesTable(outcomes: readonly ScenarioOutcome[]): string {
  return alignedTable(
    HEAD,
    outcomes.map(
      ({ scenario: row, target: side, measurements: findings, idleDetectMs, queries: asked, machineMs }) => [
        row.fault,
        side,
        findings.seen,
        whole(findings.detectMs),
        row.idle === false ? '–' : whole(idleDetectMs),
        whole(findings.healMs),
        findings.p99Ms.toFixed(1),
        whole(findings.slowestMs),
        whole(machineMs),
        String(findings.responses),
        String(findings.hangs),
        String(findings.wrong.length),
        `${asked.database} + ${asked.cache} in ${(asked.durationMs / 1_000).toFixed(0)} s`,
      ],
    ),
  );
}

/** One line a way of probing. */
export function poolCostTable({ portal, race }: PoolCosts): string {
  const head = [
    'way of probing',
    'timed-out probes',
    'connections taken from the pool',
    'most others at the server',
    'callers left waiting',
    'descriptors left',
    'application works after',
  ];
  const line = (name: string, toll: PoolCost): string[] => [
    name,
    ...[toll.probes, toll.taken, toll.mostAtServer, toll.waiting, toll.descriptors].map(String),
    `${whole(toll.worksAfterMs)} ms`,
  ];
  return alignedTable(head, [line('portal-health', portal), line('`Promise.race` over `pool.query`', race)]);
}

/** A table in Markdown whose columns are as wide as their widest cell. */
export function alignedTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, column) =>
    Math.max(cell.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

function whole(value: number | undefined): string {
  return value === undefined ? 'never' : String(Math.round(value));
}
