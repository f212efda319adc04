/**
 * How things stand, and since when: in the words in which it is counted (`live`) and written down
 * (`history`). All times in milliseconds since 1970.
 */
import type { State, Status } from 'portal-health';

/** A cause that holds. */
export interface HeldCause {
  /** The part it was found at: `database`, `cache`, the name of a check, `source`, `process`. */
  readonly component: string;
  readonly code: string;
  readonly since: number;
}

/** How a part is. */
export interface HeldPart {
  readonly name: string;
  readonly state: State;
  readonly since: number;
  /** Since when it answers, or since when it does not. */
  readonly answersSince: number;
}

/** What holds at one moment. */
export interface Held {
  readonly status: Status;
  /** Since when the status is what it is. */
  readonly since: number;
  readonly causes: readonly HeldCause[];
  readonly parts: readonly HeldPart[];
}

/** What held when the last run of the service ended, or was last heard of. */
export interface LeftBehind extends Held {
  readonly until: number;
}

/** How things stand from a moment on, because something has changed. */
export interface Stand extends Held {
  readonly at: number;
  /** The end of what was known before: earlier than `at` when nothing was measured in between, or the clock was set. */
  readonly knownUntil: number;
  /** Whether nothing was measured between the two, or the clock was set: no stretch goes through it. */
  readonly isBroken: boolean;
  /** `null`: nothing is known of before. */
  readonly from: Status | null;
  readonly codes: readonly string[];
  readonly details: Readonly<Record<string, number>>;
}

/** What makes a cause the same cause. */
export function keyOf({ component, code }: Pick<HeldCause, 'component' | 'code'>): string {
  return `${component} ${code}`;
}
