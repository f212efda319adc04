/** Runs the scenarios of the matrix in turn, each again while the machine was too busy for its limits of time. */
import { brokenByPoolCost, poolCostOfPortal, poolCostOfRace, type PoolCosts } from './pool-cost.js';
import { LIMITS } from './limits.js';
import { MATRIX } from './matrix.js';
import type { Scenario } from './scenario.js';
import { ENDING, runEnding } from './run-ending.js';
import { runScenario, type ScenarioOutcome, type RunOptions } from './run-scenario.js';
import { startFixture } from './fixture.js';

export interface MatrixResult {
  readonly outcomes: readonly ScenarioOutcome[];
  /** `undefined` when `only` left it out. */
  readonly poolCosts: PoolCosts | undefined;
  /** Broken limits, as sentences. */
  readonly broken: readonly string[];
}

/** Most runs of a scenario that broke a limit of time while the machine itself was slow. */
const MOST_RUNS = 3;
const BUSY_MS = LIMITS.slowestMs / 5;
const POOL_EXPERIMENT = 'Requirements: pool cost';
const LAST_GROUP = 'The process';

/** @throws an Error when no scenario's name contains `only` */
export async function runMatrix({
  only,
  ...options
}: Omit<RunOptions, 'fixture'> & { readonly only: string }): Promise<MatrixResult> {
  const { servers } = options;
  const isChosen = (name: string): boolean => name.toLowerCase().includes(only.toLowerCase());
  const chosen = MATRIX.flatMap(({ name, scenarios }) =>
    scenarios.map((scenario) => ({ group: name, scenario })),
  ).filter(({ group, scenario }) => isChosen(`${group}: ${scenario.fault}`));
  const others = [POOL_EXPERIMENT, `${LAST_GROUP}: ${ENDING.fault}`];
  if (chosen.length === 0 && !others.some(isChosen))
    throw new Error(`No scenario's name contains "${only}".`);

  const outcomes: ScenarioOutcome[] = [];
  const broken: string[] = [];
  let poolCosts: PoolCosts | undefined;
  if (isChosen(POOL_EXPERIMENT)) {
    process.stderr.write(`${POOL_EXPERIMENT} …\n`);
    poolCosts = {
      portal: await poolCostOfPortal(servers.postgres),
      race: await poolCostOfRace(servers.postgres),
    };
    broken.push(...brokenByPoolCost(poolCosts));
  }
  const fixture = await startFixture(servers);
  try {
    for (const { group, scenario } of chosen) {
      process.stderr.write(`${group}: ${scenario.fault} …\n`);
      try {
        outcomes.push(...(await runCalmly(group, scenario, { ...options, fixture })));
      } catch (error) {
        // The other scenarios still run.
        broken.push(`${group}: ${scenario.fault}: could not be run: ${String(error)}`);
      }
    }
    if (isChosen(`${LAST_GROUP}: ${ENDING.fault}`)) {
      process.stderr.write(`${LAST_GROUP}: ${ENDING.fault} …\n`);
      outcomes.push(...(await runEnding(LAST_GROUP, { ...options, fixture })));
    }
  } finally {
    await fixture.close();
  }
  for (const outcome of outcomes) {
    const name = `${outcome.group}: ${outcome.scenario.fault}, ${outcome.target}`;
    broken.push(...outcome.broken.map((what) => `${name}: ${what}`));
  }
  return { outcomes, poolCosts, broken };
}

async function runCalmly(group: string, scenario: Scenario, options: RunOptions): Promise<ScenarioOutcome[]> {
  for (let run = 1; ; run += 1) {
    const result = await runScenario(group, scenario, options);
    const isBusy = result.some(({ machineMs }) => machineMs > BUSY_MS);
    if (run === MOST_RUNS || !isBusy || result.every((outcome) => outcome.broken.length === 0)) return result;
    process.stderr.write('  once more: the machine was busy\n');
  }
}
