/** A row of the matrix: what is done, what must be seen, and within what limits. */
import type { TargetName } from './targets/target.js';
import type { Fixture, FixtureOptions } from './fixture.js';

/** One fault. */
export interface Scenario {
  readonly fault: string;
  /** Begins it; resolves, once it stands, with what mends it. */
  readonly inflict: (stage: Fixture) => Promise<() => unknown>;
  /** The verdict that must be seen of each side; a side left out does not take part. */
  readonly expected: Readonly<Partial<Record<TargetName, string>>>;
  /** Codes that may be seen on the way there and back, such as of a server that is starting. */
  readonly passing?: readonly string[];
  /** Codes that may stand beside the expected ones, or not, for as long as the fault and its healing take. */
  readonly beside?: readonly string[];
  /** What the fault itself takes to be a fault, beyond interval and deadline, such as a threshold. */
  readonly detectExtraMs?: number;
  readonly healExtraMs?: number;
  /** For how long the fault itself keeps every answer. */
  readonly blocksMs?: number;
  /** How long it stands after it was seen. */
  readonly standsMs?: number;
  /** Clients of each side; 20 by default. */
  readonly clients?: number;
  /** Processes of its own, started so. */
  readonly fresh?: FixtureOptions;
  /** Whether an administrator may be told to come again for as long as it stands: nobody can say who that is. */
  readonly adminMayWait?: boolean;
  /** Whether it is done once more while nobody asks, when the probes run at their slow pace; by default it is. */
  readonly idle?: boolean;
  /** A sentence for the reader, where the row does not speak for itself. */
  readonly note?: string;
}

/** The verdict that the database's or cache's `code` means: the same of both sides. */
export function both(verdict: string): Scenario['expected'] {
  return { library: verdict, service: verdict };
}

/** Whether a verdict is the expected one, whatever may stand beside it. */
export function isVerdict({ beside = [] }: Scenario, expected: string, verdict: string): boolean {
  return (
    verdict
      .split(' ')
      .filter((word) => !beside.includes(word))
      .join(' ') === expected
  );
}
