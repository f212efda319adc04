/**
 * The application's side of the hashing thread.
 */
import { startRpcWorker, type RpcWorker } from 'portal-shared/rpc-thread';
import { SCAN_THREAD } from './scan-thread-entry.js';
import type { Differences } from './drift.js';
import type { DependencyMethods, DependencyWork, Reread } from './dependency-methods.js';
import type { LastRun } from './last-run.js';
import type { SourceEvent } from './source-event.js';
import type { MemoryLook } from '../loaded/loaded.js';
import type { Match } from '../loaded/match.js';
import type { ScanResult } from '../scan/file-index.js';
import type { ScanError } from '../scan/scan-error.js';
import type { Scope } from '../scan/scope.js';

export interface ScanWorkerData {
  readonly scope: Scope;
  /** Whether the thread emits an event when something moved between two scans. */
  readonly fsEvents: boolean;
  /** Of one file; a larger one is named, not read. */
  readonly maxFileBytes?: number;
  /** Where the tree of the last run is kept. */
  readonly lastRunFile?: string | undefined;
  /** When the process started, by the clock. */
  readonly processStartMs?: number | undefined;
  /** What the thread watches in place of a source. */
  readonly dependencies?: DependencyWork | undefined;
}

/** What the thread does when it is called. */
export interface ScanMethods extends DependencyMethods {
  scan(): ScanReply;
  /** Reads on in the files for about `budgetMs`, whatever their stats say. */
  reread(budgetMs: number): Reread;
  /** Compares scripts in memory with the tree as of the start. */
  match(look: MemoryLook): Match;
}

export interface ChangedEarly {
  readonly files: number;
  /** The path of one of them. */
  readonly first: string;
}

export interface ScanReply {
  /** `undefined` when the tree cannot be read; `scanErrors` say why. */
  readonly result: ScanResult | undefined;
  readonly scanErrors: readonly ScanError[];
  /** Whether one of them is an entry that the start did not have. */
  readonly hasIntruder: boolean;
  /** Whether every folder is watched, so that a change is seen at once. */
  readonly watching: 'events' | 'scans';
  /** The last run, when this is the first scan of this one and there is a file for it. */
  readonly lastRun: LastRun | undefined;
  /** Files that changed after the process had started and before they were first read; with the first scan. */
  readonly changedEarly: ChangedEarly | undefined;
  /** How many entries the process itself may write; `null` until the second scan, for it would hold up the start. */
  readonly writable: number | null;
  /** What has changed since the start; `undefined` when the reply before said the same. */
  readonly changed:
    { readonly differences: Differences; readonly events: readonly SourceEvent[] } | undefined;
}

/** What the thread emits: something moved; how far a long scan has come. */
export type ScanEvent = 'fs-event' | { readonly files: number; readonly bytes: number };

/** A running hashing thread. Every call rejects when the thread has ended. */
export type ScanWorker = RpcWorker<ScanMethods>;

export function startScanWorker(data: ScanWorkerData, onEvent: (event: ScanEvent) => void): ScanWorker {
  return startRpcWorker<ScanMethods, ScanEvent>({
    entry: SCAN_THREAD,
    name: 'portal-integrity',
    workerData: data,
    // A scan makes much garbage and keeps little: of 20,000 files, 34 MB in all instead of 62, in the same time.
    maxYoungGenerationSizeMb: 4,
    onEvent,
  });
}
