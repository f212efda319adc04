/** The outcomes as a table: in Markdown, which a terminal shows just as well when its columns are aligned. */
import type { PoolCost, PoolCosts } from './pool-cost.js';
import type { ScenarioOutcome } from './scenario-outcome.js';

const HEAD = [
  'fault',
  'target',
  'what was seen',
  'reasons',
  'said ms',
  'unsaid ms',
  'detected ms',
  'idle ms',
  'healed ms',
  'public p99 ms',
  'slowest ms',
  'bare ms',
  'responses',
  'hangs',
  'wrong',
  'probe queries',
];

export function outcomesTable(outcomes: readonly ScenarioOutcome[]): string {
  return alignedTable(
    HEAD,
    outcomes.map(
      ({ scenario, target, measurements, reasons, saidMs, unsaidMs, idleDetectMs, queries, machineMs }) => [
        scenario.fault,
        target,
        measurements.seen,
        reasons.join(' ') || '–',
        wholeOrNone(saidMs),
        wholeOrNone(unsaidMs),
        whole(measurements.detectMs),
        scenario.idle === false ? '–' : whole(idleDetectMs),
        whole(measurements.healMs),
        measurements.p99Ms.toFixed(1),
        whole(measurements.slowestMs),
        whole(machineMs),
        String(measurements.responses),
        String(measurements.hangs),
        String(measurements.wrong.length),
        `${queries.database} + ${queries.cache} in ${(queries.durationMs / 1_000).toFixed(0)} s`,
      ],
    ),
  );
}

export function poolCostTable({ portal, race }: PoolCosts): string {
  const head = [
    'way of probing',
    'timed-out probe runs',
    'connections taken from the pool',
    'most other connections at the server',
    'callers left waiting',
    'descriptors left open',
    'application works after',
  ];
  const line = (name: string, cost: PoolCost): string[] => [
    name,
    ...[cost.probes, cost.taken, cost.mostAtServer, cost.waiting, cost.descriptors].map(String),
    `${whole(cost.worksAfterMs)} ms`,
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

function wholeOrNone(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? '–' : String(Math.round(value));
}
