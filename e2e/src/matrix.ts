/** The matrix: every fault, by what it happens to. */
import { CACHE_SCENARIOS } from './matrix/cache.js';
import { DATABASE_SCENARIOS } from './matrix/database.js';
import { BOTH_SCENARIOS, POOL_SCENARIOS, PROCESS_SCENARIOS } from './matrix/process.js';
import { REASON_SCENARIOS, REASON_SURROUNDINGS } from './matrix/reasons.js';
import type { Surroundings } from './fixture.js';
import type { Scenario } from './scenario.js';

export interface FaultGroup {
  readonly name: string;
  readonly scenarios: readonly Scenario[];
  /** Servers and processes of its own. */
  readonly surroundings?: Surroundings;
}

export const MATRIX: readonly FaultGroup[] = [
  { name: 'PostgreSQL', scenarios: DATABASE_SCENARIOS },
  { name: 'Redis', scenarios: CACHE_SCENARIOS },
  { name: 'Both stores', scenarios: BOTH_SCENARIOS },
  { name: 'The pool', scenarios: POOL_SCENARIOS.map(onlyOnDemand) },
  { name: 'The process', scenarios: PROCESS_SCENARIOS.map(onlyOnDemand) },
  {
    name: 'Reasons',
    scenarios: REASON_SCENARIOS.map(onlyOnDemand),
    surroundings: REASON_SURROUNDINGS,
  },
];

/** Detected in the pool or the process itself, which does not wait for the next probe run. */
function onlyOnDemand(scenario: Scenario): Scenario {
  return { ...scenario, idle: false };
}
