/** What one scenario came to, of one target. */
import type { Measurements } from './measure.js';
import type { Scenario } from './scenario.js';
import type { TargetName } from './targets/target.js';

export interface ScenarioOutcome {
  readonly group: string;
  readonly scenario: Scenario;
  readonly target: TargetName;
  readonly measurements: Measurements;
  /** Time to detect it without requests; `undefined` where that was not tried or it was never detected. */
  readonly idleDetectMs: number | undefined;
  /** Queries of the probes during `durationMs`. */
  readonly queries: { readonly database: number; readonly cache: number; readonly durationMs: number };
  /** Reasons that were given, in the order in which they came. */
  readonly reasons: readonly string[];
  /** From the threshold of the slowest expected one until it was given, and from the end until none was. */
  readonly saidMs: number | undefined;
  readonly unsaidMs: number | undefined;
  /** Expected ones that never came, and any that were still given 20 s after the end. */
  readonly reasonTrouble: readonly string[];
  /** Slowest response of a server that does nothing, in the same time. */
  readonly machineMs: number;
  /** Broken limits, as sentences. */
  readonly broken: readonly string[];
}
