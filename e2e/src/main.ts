/**
 * Breaks everything that can break, looks at what the library and the service say meanwhile, and holds it to the
 * promises: `npm run e2e` for all of it, `npm run e2e -- --only NAME` for the rows whose name contains NAME.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { startCanaryScan } from './canaries.js';
import { faultsPage } from './faults-page.js';
import { brokenByToll, tollOfPortal, tollOfRace, type Tolls } from './free-for-the-pool.js';
import { LIMITS } from './limits.js';
import { MATRIX } from './matrix.js';
import { runRow, type Outcome, type RunOptions } from './run-row.js';
import type { Row } from './row.js';
import { startListening } from './sides/side.js';
import { setStage, startServers } from './stage.js';
import { outcomesTable, tollsTable } from './table.js';

const PAGE = new URL('../../docs/faults.md', import.meta.url);
/** A row that broke a limit of time while the machine itself was slow is run again, this often at most. */
const MOST_RUNS = 3;
const BUSY_MS = LIMITS.slowestMs / 5;

const POOL_EXPERIMENT = 'Promises: free for the pool';

const { values } = parseArgs({ options: { only: { type: 'string' } } });
const only = values.only?.toLowerCase() ?? '';
const chosen = MATRIX.flatMap(({ name, rows }) => rows.map((row) => ({ group: name, row }))).filter(
  ({ group, row }) => `${group}: ${row.fault}`.toLowerCase().includes(only),
);
const withTolls = POOL_EXPERIMENT.toLowerCase().includes(only);
if (chosen.length === 0 && !withTolls) {
  process.stderr.write(`No row's name contains "${only}".\n`);
  process.exit(1);
}

const startedMs = performance.now();
const scan = startCanaryScan();
const outcomes: Outcome[] = [];
const broken: string[] = [];
let tolls: Tolls | undefined;
const undo: (() => Promise<unknown>)[] = [];
try {
  const servers = await startServers();
  undo.push(() => servers.close());
  if (withTolls) {
    process.stderr.write(`${POOL_EXPERIMENT} …\n`);
    tolls = { portal: await tollOfPortal(servers.postgres), race: await tollOfRace(servers.postgres) };
  }
  const bare = await startListening([fileURLToPath(new URL('bare.js', import.meta.url))], {});
  undo.push(() => bare.stop('SIGKILL'));
  const stage = await setStage(servers);
  undo.push(() => stage.close());
  for (const { group, row } of chosen) {
    process.stderr.write(`${group}: ${row.fault} …\n`);
    try {
      outcomes.push(...(await runCalmly(group, row, { servers, stage, bareUrl: bare.url, scan })));
    } catch (error) {
      // The other rows are still worth knowing.
      broken.push(`${group}: ${row.fault}: could not be run: ${String(error)}`);
    }
  }
} finally {
  for (const step of undo.toReversed()) await step();
}

broken.push(
  ...outcomes.flatMap((outcome) =>
    outcome.broken.map((what) => `${outcome.group}: ${outcome.row.fault}, ${outcome.side}: ${what}`),
  ),
);
if (tolls) broken.push(...brokenByToll(tolls));
broken.push(...scan.hits.map((hit) => `a canary got out: ${hit}`));
process.stdout.write(`${outcomesTable(outcomes)}\n\n`);
if (tolls) process.stdout.write(`${tollsTable(tolls)}\n\n`);
process.stdout.write(
  `${outcomes.length} rows in ${Math.round((performance.now() - startedMs) / 1_000)} s; ` +
    `${scan.bytes} bytes scanned for canaries, ${scan.hits.length} hits\n`,
);
process.stdout.write(broken.length === 0 ? 'Every limit holds.\n' : `${broken.join('\n')}\n`);
if (only === '') writeFileSync(PAGE, faultsPage({ outcomes, tolls, broken, scan }));
process.exitCode = broken.length === 0 ? 0 : 1;

/** Runs a row until it was within the limits, or the machine was not to blame. */
async function runCalmly(group: string, row: Row, options: RunOptions): Promise<Outcome[]> {
  for (let run = 1; ; run += 1) {
    const result = await runRow(group, row, options);
    const isBusy = result.some(({ machineMs }) => machineMs > BUSY_MS);
    if (run === MOST_RUNS || !isBusy || result.every((outcome) => outcome.broken.length === 0)) return result;
    process.stderr.write(`  once more: the machine was busy\n`);
  }
}
