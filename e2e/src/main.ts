/**
 * Breaks everything that can break, and checks the responses of the library and the service against the requirements.
 *
 *   npm run e2e                        the tests from outside, then all scenarios but those of the reasons; writes e2e/RESULTS.md
 *   npm run e2e -- --only NAME         the scenarios whose name contains NAME; writes the sections of which all has run
 *   npm run e2e -- --reasons           also the scenes of the reasons, and beside every process a twin without reasons, whose
 *                                      answers below administrators have to be the same; takes about twice as long
 *   npm run e2e -- --soak [MINUTES]    random faults under constant load, ten minutes unless said otherwise
 *   npm run e2e -- --soak --calm       the same load without a fault: no reason may be given for anything
 *   npm run e2e -- --collectors [MINUTES]  the fleet watched directly and through a Prometheus, with faults all along
 *   npm run e2e -- --tab [MINUTES]     a page that is left open, updated every second: what its heap does, a quarter of an hour
 *                                      unless said otherwise
 *   npm run e2e -- --watchers          three watchers and two Alertmanagers, one of them lost, with all stores up and away;
 *                                      with --only NAME the scenes whose name contains NAME
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startLeakScan } from './planted-secrets.js';
import { resultsPage } from './results-page.js';
import { runMatrix } from './run-matrix.js';
import { startListening } from './targets/target.js';
import { soak } from './soak.js';
import { startServers } from './fixture.js';
import { outcomesTable, poolCostTable } from './table.js';

const PAGE = new URL('../RESULTS.md', import.meta.url);
const COLLECTORS = fileURLToPath(new URL('test/fleet-collectors-scene.js', import.meta.url));
const TAB = fileURLToPath(new URL('test/page/open-tab.js', import.meta.url));
const WATCHERS = fileURLToPath(new URL('test/fleet-watchers-all.js', import.meta.url));
const OUTSIDE = fileURLToPath(new URL('../../scripts/test.mjs', import.meta.url));
/** Unless said otherwise. */
const MINUTES = 10;
const TAB_MINUTES = 15;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string', default: '' },
    reasons: { type: 'boolean', default: false },
    soak: { type: 'boolean', default: false },
    calm: { type: 'boolean', default: false },
    collectors: { type: 'boolean', default: false },
    watchers: { type: 'boolean', default: false },
    tab: { type: 'boolean', default: false },
  },
});
const minutes = Number(positionals[0] ?? MINUTES);
if (!(minutes > 0)) {
  process.stderr.write(`Expected the minutes to be a positive number, got ${positionals[0]}.\n`);
  process.exit(2);
}
if (values.collectors) process.exit(run(COLLECTORS, String(minutes)));
if (values.tab) process.exit(run(TAB, String(positionals[0] ?? TAB_MINUTES)));
if (values.watchers) process.exit(run(WATCHERS, values.only));
if (process.argv.length === 2) {
  const code = run(OUTSIDE, 'outside');
  if (code !== 0) process.exit(code);
}

const startedMs = performance.now();
const scan = startLeakScan();
const undo: (() => Promise<unknown>)[] = [];
async function stopAll(): Promise<void> {
  for (const step of undo.splice(0).toReversed()) await step();
}
// An interrupted run leaves no process behind.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void stopAll().finally(() => process.exit(130)));
}

/** @returns its exit code */
function run(script: string, ...args: readonly string[]): number {
  const { status } = spawnSync(process.execPath, ['--enable-source-maps', script, ...args], {
    stdio: 'inherit',
  });
  return status ?? 1;
}

function leaks(): string[] {
  return scan.hits.map((hit) => `a planted secret got out: ${hit}`);
}

const broken: string[] = [];
try {
  const servers = await startServers();
  undo.push(() => servers.close());
  const bare = await startListening([fileURLToPath(new URL('bare.js', import.meta.url))], {});
  undo.push(() => bare.stop('SIGKILL'));
  const options = { servers, bareUrl: bare.url, scan };
  if (values.soak) {
    const result = await soak({ ...options, minutes, isCalm: values.calm });
    broken.push(...result.broken, ...leaks());
    process.stdout.write(`${result.table}\n\n`);
  } else {
    const { outcomes, poolCosts, ...result } = await runMatrix({
      ...options,
      only: values.only,
      withReasons: values.reasons,
    });
    broken.push(...result.broken, ...leaks());
    for (const limit of result.brokenOnce) process.stdout.write(`in the first of two runs: ${limit}\n`);
    process.stdout.write(`${outcomesTable(outcomes)}\n\n`);
    if (poolCosts) process.stdout.write(`${poolCostTable(poolCosts)}\n\n`);
    const ran = {
      outcomes,
      poolCosts,
      broken,
      brokenOnce: result.brokenOnce,
      scan,
      withReasons: values.reasons,
    };
    writeFileSync(PAGE, resultsPage(readFileSync(PAGE, 'utf8'), ran));
  }
} finally {
  await stopAll();
}

process.stdout.write(
  `${Math.round((performance.now() - startedMs) / 1_000)} s; ` +
    `${(scan.bytes / 2 ** 20).toFixed(0)} MiB scanned for planted secrets, ${scan.hits.length} hits\n`,
);
process.stdout.write(broken.length === 0 ? 'Every limit holds.\n' : `${broken.join('\n')}\n`);
process.exitCode = broken.length === 0 ? 0 : 1;
