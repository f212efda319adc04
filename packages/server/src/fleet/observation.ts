/**
 * What one poll of an instance found: all that is kept of a response. Plain data, fit to be sent between threads.
 */
import type { Status } from 'portal-health';
import type { InstanceProblem } from './fleet-problems.js';
import type { InstanceReason } from './formats/reasons.js';
import type { Signed } from './source/pinned-keys.js';

/** What a health document says, in whichever format. */
export interface Reading {
  /** The instance's own word. */
  readonly health: Status;
  /** The instance's own codes, at most 16. */
  readonly codes: readonly string[];
  /** Milliseconds since 1970; `null`: not reported, or of the future. */
  readonly startedAtMs: number | null;
  /** 64 lower-case hexadecimal digits; `null`: not reported. */
  readonly sourceHash: string | null;
  /** What is known of its signed statement; left out where none is asked for. */
  readonly signed?: Signed;
}

export type Observation =
  | { readonly kind: 'answered'; readonly reading: Reading; readonly isTokenWithheld: boolean }
  | { readonly kind: 'failed'; readonly code: InstanceProblem }
  /** Says nothing about the instance: the watcher itself was late. */
  | { readonly kind: 'void' };

/** One poll of one instance. */
export interface Poll {
  /** As given with the target. */
  readonly key: string;
  /** When it began, milliseconds since 1970. */
  readonly atMs: number;
  readonly durationMs: number;
  readonly observation: Observation;
}

/** Why one instance is unwell, asked after a poll of it. */
export interface InstanceExplanation {
  /** As given with the target. */
  readonly key: string;
  readonly reasons: readonly InstanceReason[];
}
