/**
 * What the application's thread and the hashing thread say to each other. Plain data.
 */
import type { Refusal } from './refusal.js';
import type { Survey } from './inventory.js';
import type { Scope } from './scope.js';

/** Handed to the thread at its start. */
export interface ThreadData {
  readonly scope: Scope;
}

/** One question; answered in the order of asking, one at a time. */
export interface Question {
  readonly id: number;
  readonly what: 'survey';
}

export type Reply =
  | { readonly id: number; readonly survey: Survey }
  | { readonly id: number; readonly refusals: readonly Refusal[] };
