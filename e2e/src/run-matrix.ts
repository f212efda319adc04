/**
 * Runs the scenarios of the matrix in turn, each again while the machine was too busy for its limits of time. A few that
 * broke a limit nevertheless run once more at the end, and what they broke first is reported too.
 */
import { brokenByPoolCost, poolCostOfPortal, poolCostOfRace, type PoolCosts } from './pool-cost.js';
import { LIMITS } from './limits.js';
import { MATRIX } from './matrix.js';
import type { Scenario } from './scenario.js';
import { ENDING, runEnding } from './run-ending.js';
import { runScenario, type RunOptions } from './run-scenario.js';
import type { ScenarioOutcome } from './scenario-outcome.js';
import { startFixture, startServers, type Servers, type Surroundings } from './fixture.js';

export interface MatrixResult {
  readonly outcomes: readonly ScenarioOutcome[];
  /** `undefined` when `only` left it out. */
  readonly poolCosts: PoolCosts | undefined;
  /** Broken limits, as sentences. */
  readonly broken: readonly string[];
  /** Limits that the first of two runs of a scenario broke. */
  readonly brokenOnce: readonly string[];
}

/** Most runs of a scenario that broke a limit of time while the machine itself was slow. */
const MOST_RUNS = 3;
/** More scenarios than this break for a reason. */
const SECOND_CHANCES = 3;
const BUSY_MS = LIMITS.slowestMs / 5;
const POOL_EXPERIMENT = 'Requirements: pool cost';
const LAST_GROUP = 'The process';

/**
 * Groups with surroundings of their own, which are those of the reasons, run only `withReasons`.
 *
 * @throws an Error when no scenario's name contains `only`
 */
export async function runMatrix({
  only,
  ...options
}: Omit<RunOptions, 'fixture'> & { readonly only: string }): Promise<MatrixResult> {
  const { servers } = options;
  const isChosen = (name: string): boolean => name.toLowerCase().includes(only.toLowerCase());
  const chosen = MATRIX.flatMap(({ name, scenarios, surroundings }) =>
    scenarios.map((scenario) => ({ group: name, scenario, surroundings })),
  ).filter(
    ({ group, scenario, surroundings }) =>
      (options.withReasons || surroundings === undefined) && isChosen(`${group}: ${scenario.fault}`),
  );
  const others = [POOL_EXPERIMENT, `${LAST_GROUP}: ${ENDING.fault}`];
  if (chosen.length === 0 && !others.some(isChosen))
    throw new Error(`No scenario's name contains "${only}".`);

  let outcomes: ScenarioOutcome[] = [];
  const brokenOnce: string[] = [];
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
  const stages = createStages(servers, options.withReasons);
  try {
    for (const { group, scenario, surroundings } of chosen) {
      process.stderr.write(`${group}: ${scenario.fault} …\n`);
      try {
        const stage = await stages.of(surroundings);
        outcomes.push(...(await runCalmly(group, scenario, { ...options, ...stage })));
      } catch (error) {
        // The other scenarios still run.
        broken.push(`${group}: ${scenario.fault}: could not be run: ${String(error)}`);
      }
    }
    const unsteady = chosen.filter(({ scenario }) => brokenIn(outcomes, scenario).length > 0);
    for (const { group, scenario, surroundings } of unsteady.length > SECOND_CHANCES ? [] : unsteady) {
      process.stderr.write(`${group}: ${scenario.fault}: once more …\n`);
      const second = await runCalmly(group, scenario, { ...options, ...(await stages.of(surroundings)) });
      brokenOnce.push(...brokenIn(outcomes, scenario));
      outcomes = outcomes.flatMap((outcome) =>
        outcome.scenario === scenario ? second.filter(({ target }) => target === outcome.target) : [outcome],
      );
    }
    if (isChosen(`${LAST_GROUP}: ${ENDING.fault}`)) {
      process.stderr.write(`${LAST_GROUP}: ${ENDING.fault} …\n`);
      outcomes.push(...(await runEnding(LAST_GROUP, options)));
    }
  } finally {
    await stages.close();
  }
  broken.push(...brokenIn(outcomes));
  return { outcomes, poolCosts, broken, brokenOnce };
}

type Stage = Pick<RunOptions, 'servers' | 'fixture'>;

/** The servers and processes of each group, started when the first of its scenarios comes. */
function createStages(
  shared: Servers,
  twins: boolean,
): {
  of(surroundings: Surroundings | undefined): Promise<Stage>;
  close(): Promise<void>;
} {
  const stages = new Map<Surroundings | undefined, Stage>();
  const undo: (() => Promise<void>)[] = [];
  return {
    async of(surroundings) {
      const known = stages.get(surroundings);
      if (known) return known;
      const servers = surroundings ? await startServers(surroundings.servers) : shared;
      if (surroundings) undo.push(() => servers.close());
      const fixture = await startFixture(servers, { ...surroundings?.fixture, twins });
      undo.push(() => fixture.close());
      const stage = { servers, fixture };
      stages.set(surroundings, stage);
      return stage;
    },
    async close() {
      for (const step of undo.splice(0).toReversed()) await step();
    },
  };
}

/** What the outcomes broke, of all scenarios or of one. */
function brokenIn(outcomes: readonly ScenarioOutcome[], scenario?: Scenario): string[] {
  return outcomes
    .filter((outcome) => scenario === undefined || outcome.scenario === scenario)
    .flatMap(({ group, scenario: { fault }, target, broken }) =>
      broken.map((what) => `${group}: ${fault}, ${target}: ${what}`),
    );
}

async function runCalmly(group: string, scenario: Scenario, options: RunOptions): Promise<ScenarioOutcome[]> {
  for (let run = 1; ; run += 1) {
    const result = await runScenario(group, scenario, options);
    const isBusy = result.some(({ machineMs }) => machineMs > BUSY_MS);
    if (run === MOST_RUNS || !isBusy || result.every((outcome) => outcome.broken.length === 0)) return result;
    const what = result.flatMap(({ broken }) => broken).join('; ');
    process.stderr.write(`  once more: the machine was busy (${what})\n`);
  }
}
