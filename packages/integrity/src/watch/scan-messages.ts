/**
 * What the application's thread and the hashing thread say to each other. Plain data.
 */
import type { Differences, SourceEvent } from './drift.js';
import type { ScanResult } from '../scan/file-index.js';
import type { LoadedScript } from '../loaded/loaded.js';
import type { Match } from '../loaded/match.js';
import type { ScanError } from '../scan/scan-error.js';
import type { Scope } from '../scan/scope.js';

/** Handed to the thread at its start. */
export interface ScanWorkerData {
  readonly scope: Scope;
  /** Whether to hint at changes between two looks. */
  readonly fsEvents: boolean;
}

/** What the thread can be asked. */
export type ScanTask =
  /** Look at the tree. */
  | { readonly what: 'look' }
  /** Read on in the files, whatever their stamps say. */
  | { readonly what: 'reread'; readonly budgetMs: number }
  /** Compare scripts in memory with the tree as of the start. */
  | { readonly what: 'match'; readonly scripts: readonly LoadedScript[] };

/** One question; answered in the order of asking, one at a time. */
export interface ScanRequest {
  readonly id: number;
  readonly task: ScanTask;
}

/** What a look found. */
export interface ScanReply {
  /** `undefined` when the tree cannot be read; `refusals` say why. */
  readonly result: ScanResult | undefined;
  readonly scanErrors: readonly ScanError[];
  /** What has happened since the start; there only when it is news. */
  readonly changed:
    { readonly differences: Differences; readonly events: readonly SourceEvent[] } | undefined;
}

export interface Reread {
  readonly spentMs: number;
  /** Whether every file was read since the round began. */
  readonly complete: boolean;
}

/** From the thread: an answer, or a hint that it may be worth to look. */
export type ScanMessage =
  | { readonly id: number; readonly look: ScanReply }
  | { readonly id: number; readonly reread: Reread }
  | { readonly id: number; readonly match: Match }
  | { readonly hint: true };
