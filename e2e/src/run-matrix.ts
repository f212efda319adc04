/** Runs the rows of the matrix, one after the other, each until the machine was calm enough to say something. */
import { brokenByPoolCost, poolCostOfPortal, poolCostOfRace, type PoolCosts } from './pool-cost.js';
import { LIMITS } from './limits.js';
import { MATRIX } from './matrix.js';
import type { Scenario } from './scenario.js';
import { ENDING, runEnding } from './run-ending.js';
import { runScenario, type ScenarioOutcome, type RunOptions } from './run-scenario.js';
import { startFixture } from './fixture.js';

/** What the matrix came to. */
export interface MatrixResult {
  readonly outcomes: readonly ScenarioOutcome[];
  /** `undefined` when it was not asked for. */
  readonly poolCosts: PoolCosts | undefined;
  /** Limits that were broken, in words. */
  readonly broken: readonly string[];
}

/** A row that broke a limit of time while the machine itself was slow is run again, this often at most. */
const MOST_RUNS = 3;
const BUSY_MS = LIMITS.slowestMs / 5;
const POOL_EXPERIMENT = 'Promises: free for the pool';
const LAST_GROUP = 'The process';

/** @throws an Error when no row's name contains `only` */
export async function runMatrix({
  only,
  ...options
}: Omit<RunOptions, 'fixture'> & { readonly only: string }): Promise<MatrixResult> {
  const { servers } = options;
  const isChosen = (name: string): boolean => name.toLowerCase().includes(only.toLowerCase());
  const chosen = MATRIX.flatMap(({ name, scenarios: rows }) =>
    rows.map((row) => ({ group: name, row })),
  ).filter(({ group, row }) => isChosen(`${group}: ${row.fault}`));
  const others = [POOL_EXPERIMENT, `${LAST_GROUP}: ${ENDING.fault}`];
  if (chosen.length === 0 && !others.some(isChosen)) throw new Error(`No row's name contains "${only}".`);

  const outcomes: ScenarioOutcome[] = [];
  const broken: string[] = [];
  let tolls: PoolCosts | undefined;
  if (isChosen(POOL_EXPERIMENT)) {
    process.stderr.write(`${POOL_EXPERIMENT} …\n`);
    tolls = {
      portal: await poolCostOfPortal(servers.postgres),
      race: await poolCostOfRace(servers.postgres),
    };
    broken.push(...brokenByPoolCost(tolls));
  }
  const stage = await startFixture(servers);
  try {
    for (const { group, row } of chosen) {
      process.stderr.write(`${group}: ${row.fault} …\n`);
      try {
        outcomes.push(...(await runCalmly(group, row, { ...options, fixture: stage })));
      } catch (error) {
        // The other rows are still worth knowing.
        broken.push(`${group}: ${row.fault}: could not be run: ${String(error)}`);
      }
    }
    if (isChosen(`${LAST_GROUP}: ${ENDING.fault}`)) {
      process.stderr.write(`${LAST_GROUP}: ${ENDING.fault} …\n`);
      outcomes.push(...(await runEnding(LAST_GROUP, { ...options, fixture: stage })));
    }
  } finally {
    await stage.close();
  }
  for (const outcome of outcomes) {
    const name = `${outcome.group}: ${outcome.scenario.fault}, ${outcome.target}`;
    broken.push(...outcome.broken.map((what) => `${name}: ${what}`));
  }
  return { outcomes, poolCosts: tolls, broken };
}

async function runCalmly(group: string, row: Scenario, options: RunOptions): Promise<ScenarioOutcome[]> {
  for (let run = 1; ; run += 1) {
    const result = await runScenario(group, row, options);
    const isBusy = result.some(({ machineMs }) => machineMs > BUSY_MS);
    if (run === MOST_RUNS || !isBusy || result.every((outcome) => outcome.broken.length === 0)) return result;
    process.stderr.write('  once more: the machine was busy\n');
  }
}
