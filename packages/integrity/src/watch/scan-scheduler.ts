/**
 * When to scan: by stats every few seconds, earlier on an fs event. Now and then every file is read again, in small
 * portions, because a stat can be made to lie and a disk can go bad.
 */
import { LONGEST_TIMER_MS } from 'portal-shared/check-options';
import type { Reread } from './dependency-methods.js';
import type { Duty } from './duty.js';
import type { ScanReply } from './scan-worker.js';

export interface ScanScheduler {
  /** Scans early, though not at once and not too often. */
  onFsEvent(): void;
  close(): void;
}

export interface ScanSchedulerOptions {
  scan(): Promise<ScanReply>;
  reread(budgetMs: number): Promise<Reread>;
  readonly duty: Duty;
  /** Milliseconds between two scans, on average. */
  readonly scanIntervalMs: number;
  /** How many files there are: a small tree is read through every minute, a large one every quarter of an hour. */
  files(): number;
  onScan(reply: ScanReply): void;
  /** Every file has been read again, which took so long. */
  onReread(roundMs: number): void;
  /** The thread has ended, and the scheduler with it. */
  onEnd(error: unknown): void;
}

/** Scans of a fleet on one network disk must not fall into step. */
const JITTER = 0.2;
/** An fs event is often the first of many. */
const FS_EVENT_DELAY_MS = 200;
/** Also when fs events pour in, the thread rests for this many times as long as its scan took, and this long at least. */
const REST_AFTER_SCAN = 9;
const SHORTEST_REST_MS = 1_000;
/** One portion of reading everything again. */
const REREAD_BUDGET_MS = 25;
const SMALL_TREE_FILES = 1_000;
const REREAD_SMALL_MS = 60_000;
/** From one reading of a file to the next, with a minute to spare; a tree that takes longer is read all the time. */
const REREAD_LARGE_MS = 840_000;

export function startScanScheduler(options: ScanSchedulerOptions): ScanScheduler {
  const { scanIntervalMs } = options;
  let closed = false;
  let scanTimer: NodeJS.Timeout | undefined;
  let rereadTimer: NodeJS.Timeout | undefined;
  let scanning = false;
  let hasFsEvent = false;
  let restUntilMs = 0;
  let roundBeganMs: number | undefined;
  let dueMs = Number.POSITIVE_INFINITY;

  async function scan(): Promise<void> {
    scanning = true;
    hasFsEvent = false;
    dueMs = Number.POSITIVE_INFINITY;
    const beganMs = performance.now();
    const reply = await options.scan();
    scanning = false;
    if (closed) return;
    const nowMs = performance.now();
    restUntilMs = nowMs + Math.max(SHORTEST_REST_MS, (nowMs - beganMs) * REST_AFTER_SCAN);
    scanIn(scanIntervalMs * (1 - JITTER + 2 * JITTER * Math.random()));
    options.onScan(reply);
    // Something moved during the scan.
    if (hasFsEvent) onFsEvent();
  }

  /** Scans after `afterMs`, unless it is going to sooner anyhow. */
  function scanIn(afterMs: number): void {
    const delayMs = Math.min(afterMs, LONGEST_TIMER_MS);
    const wantedMs = performance.now() + delayMs;
    if (wantedMs >= dueMs) return;
    dueMs = wantedMs;
    clearTimeout(scanTimer);
    scanTimer = setTimeout(() => void scan().catch(end), delayMs).unref();
  }

  function onFsEvent(): void {
    hasFsEvent = true;
    if (!closed && !scanning) scanIn(Math.max(FS_EVENT_DELAY_MS, restUntilMs - performance.now()));
  }

  async function reread(): Promise<void> {
    roundBeganMs ??= performance.now();
    const { spentMs, complete } = await options.reread(REREAD_BUDGET_MS);
    if (closed) return;
    const restMs = options.duty.restAfter(spentMs);
    if (!complete) {
      scheduleReread(restMs);
      return;
    }
    // The next scan reports what changed, as for everything else.
    onFsEvent();
    const roundMs = performance.now() - roundBeganMs;
    roundBeganMs = undefined;
    options.onReread(roundMs);
    scheduleReread(Math.max(restMs, rereadPauseMs(roundMs)));
  }

  function scheduleReread(delayMs: number): void {
    rereadTimer = setTimeout(() => void reread().catch(end), delayMs).unref();
  }

  function rereadPauseMs(roundMs: number): number {
    return options.files() < SMALL_TREE_FILES ? REREAD_SMALL_MS : REREAD_LARGE_MS - roundMs;
  }

  function end(error: unknown): void {
    if (closed) return;
    close();
    options.onEnd(error);
  }

  function close(): void {
    closed = true;
    clearTimeout(scanTimer);
    clearTimeout(rereadTimer);
  }

  scanIn(scanIntervalMs * Math.random());
  scheduleReread(options.files() < SMALL_TREE_FILES ? REREAD_SMALL_MS : 0);
  return { onFsEvent, close };
}
