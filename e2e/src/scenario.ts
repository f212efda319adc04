/** A scenario of the matrix: the fault, the expected verdicts, and what its limits are extended by. */
import type { TargetName } from './targets/target.js';
import type { Fixture, FixtureOptions, ServerSettings } from './fixture.js';

export interface Scenario {
  readonly fault: string;
  /** Starts the fault; resolves, once it is complete, with the function that ends it. */
  readonly inflict: (fixture: Fixture) => Promise<() => unknown>;
  /** The verdict that must be seen of each target; a target left out does not take part. */
  readonly expected: Readonly<Partial<Record<TargetName, string>>>;
  /** Reasons that must be given within 20 s, and be gone within 20 s of the end: of each target that can know them. */
  readonly reasons?: Readonly<Partial<Record<TargetName, readonly string[]>>>;
  /** What administrators must read of each target with reasons: somebody's name, what it does, what is hidden. */
  readonly sentences?: readonly RegExp[];
  /** Milliseconds after which a reason's threshold is reached, where they are others than the defaults. */
  readonly thresholdsMs?: Readonly<Record<string, number>>;
  /** Reasons that may be given besides, because they are just as true. */
  readonly otherReasons?: readonly string[];
  /** Codes that may be seen on the way there and back, such as of a server that is starting. */
  readonly passing?: readonly string[];
  /** Codes that may stand beside the expected ones, or not, for as long as the fault and its healing take. */
  readonly beside?: readonly string[];
  /** Whether it may be healthy in between. */
  readonly comesAndGoes?: boolean;
  /** What the fault itself takes to be a fault, beyond interval and deadline, such as a threshold. */
  readonly detectExtraMs?: number;
  readonly healExtraMs?: number;
  /** For how long the fault itself blocks every response. */
  readonly blocksMs?: number;
  /** How long it stands after it was seen. */
  readonly standsMs?: number;
  /** Clients of each target; 20 by default. */
  readonly clients?: number;
  /** Processes of its own, started so. */
  readonly fresh?: FixtureOptions;
  /** Servers of its own, and processes on them. */
  readonly servers?: ServerSettings;
  /** Whether administrators may get 503 with `Retry-After` throughout: sessions cannot be checked. */
  readonly adminMayWait?: boolean;
  /** Whether it is repeated without requests, when the probes run at the slow interval; default: yes. */
  readonly idle?: boolean;
  /** Printed below the table. */
  readonly note?: string;
}

/** The verdict that the database's or cache's `code` means: the same of both targets. */
export function both(verdict: string): Scenario['expected'] {
  return { library: verdict, service: verdict };
}

/** The same reasons of both targets. */
export function bothReasons(...codes: readonly string[]): NonNullable<Scenario['reasons']> {
  return { library: codes, service: codes };
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
