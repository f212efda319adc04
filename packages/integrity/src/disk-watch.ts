/**
 * The tree on the disk, read by a thread of its own: once at the start, then again and again.
 */
import { errorCode } from 'portal-shared/error-code';
import { RpcError } from 'portal-shared/rpc-thread';
import { weighStatement } from './expected.js';
import type { MemoryLook } from './loaded/loaded.js';
import type { Match } from './loaded/match.js';
import type { ScanError } from './scan/scan-error.js';
import type { SourceKnowledge } from './source-knowledge.js';
import type { SourceSettings } from './source-options.js';
import { stillReading } from './source-snapshot.js';
import type { Duty } from './watch/duty.js';
import { startScanScheduler, type ScanScheduler } from './watch/scan-scheduler.js';
import { startScanWorker, type ScanEvent, type ScanReply, type ScanWorker } from './watch/scan-worker.js';

export interface DiskWatch {
  /** Starts the thread, with the scope as it is known by now. */
  readonly scanFirst: () => Promise<void>;
  /** Scans and rereads from now on, if that is wanted. */
  readonly keepWatching: () => void;
  /** Compares scripts in memory with the tree, in the thread; `undefined` before it was started. */
  readonly match: (look: MemoryLook) => Promise<Match> | undefined;
  /** Whether what is known of the disk is too old. */
  readonly isStale: () => boolean;
  /** How far the scan under way has come, as the reason why nothing newer is known. */
  readonly unfinished: () => readonly ScanError[];
  /** To be called when the watch cannot go on. */
  readonly noteEnd: (error: unknown) => void;
  readonly close: () => Promise<void>;
}

/** Three scans and their jitter without a reply: what we know of the disk is stale. */
const STALE_AFTER_INTERVALS = 3.6;
/** A thread that waits for a processor is no news, however short the interval. */
const SHORTEST_STALE_MS = 5_000;

export function createDiskWatch(settings: SourceSettings, knowledge: SourceKnowledge, duty: Duty): DiskWatch {
  const { known, learn } = knowledge;
  let scannedMs = 0;
  let progress: Exclude<ScanEvent, 'fs-event'> | undefined;
  let worker: ScanWorker | undefined;
  let scheduler: ScanScheduler | undefined;
  let closed = false;

  function noteScan(reply: ScanReply): void {
    if (closed) return;
    // The tree is being written to: what is known of the disk grows old, and is stale if that never ends.
    const isUnstable =
      reply.scanErrors.length > 0 && reply.scanErrors.every(({ code }) => code === 'E_UNSTABLE');
    if (known().disk && isUnstable) {
      if (reply.changed) learn(reply.changed);
      return;
    }
    scannedMs = performance.now();
    const isFirst = !known().boot;
    knowledge.noteScan(reply);
    if (isFirst && reply.result) learn(weighStatement(known(), reply.result, settings));
  }

  function noteEnd(error: unknown): void {
    if (!closed) learn({ scanErrors: [{ code: 'E_THREAD', path: '.', cause: causeOfEnd(error) }] });
  }

  return {
    scanFirst() {
      const { exclude, release } = known();
      const { root } = settings.scope;
      const scope = { root, exclude, links: release?.links, leftOut: release?.leftOut };
      const { watch: fsEvents, maxFileBytes, lastRunFile } = settings;
      const processStartMs = performance.timeOrigin;
      worker = startScanWorker({ scope, fsEvents, maxFileBytes, lastRunFile, processStartMs }, (event) => {
        if (event === 'fs-event') scheduler?.onFsEvent();
        else progress = event;
      });
      return worker.callAndHold('scan').then(noteScan);
    },
    keepWatching() {
      const thread = worker;
      if (closed || !thread || !settings.watch) return;
      scheduler = startScanScheduler({
        scan: () => thread.call('scan'),
        reread: (budgetMs) => thread.call('reread', budgetMs),
        duty,
        scanIntervalMs: settings.scanIntervalMs,
        files: () => known().disk?.result.files ?? 0,
        onScan: noteScan,
        onReread: (rereadMs) => learn({ rereadAt: new Date(), rereadMs }),
        onEnd: noteEnd,
      });
    },
    match: (look) => worker?.callAndHold('match', look),
    isStale() {
      if (!scheduler || closed) return false;
      const staleMs = Math.max(SHORTEST_STALE_MS, settings.scanIntervalMs * STALE_AFTER_INTERVALS);
      return performance.now() - scannedMs > staleMs;
    },
    unfinished: () => [stillReading(progress)],
    noteEnd,
    async close() {
      closed = true;
      scheduler?.close();
      await worker?.close();
    },
  };
}

/** Of an end without an exception there is no code. */
function causeOfEnd(error: unknown): string {
  if (!(error instanceof RpcError)) return errorCode(error);
  return error.cause === undefined ? 'ERR_WORKER_ENDED' : errorCode(error.cause);
}
