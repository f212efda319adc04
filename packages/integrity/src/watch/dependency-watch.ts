/**
 * The packages that the source imports, watched on a thread of their own: they are many more files than the source,
 * and no look at them may come before one at the source. The first look comes after the start, and never holds it.
 */
import { readFileSync } from 'node:fs';
import { projectOf } from '../dependencies/lock-file.js';
import { LONGEST_TIMER_MS } from 'portal-shared/check-options';
import { systemCode } from 'portal-shared/error-code';
import type { DependencyLook, DependencyWork } from './dependency-methods.js';
import type { Duty } from './duty.js';
import { startScanWorker, type ScanWorker } from './scan-worker.js';

export interface DependencySettings {
  /** Of npm or pnpm; `node_modules` lies beside it. */
  readonly lockFile: string;
  readonly list: string | undefined;
}

/** What a look came to, or why there is none. */
export type DependencyNews =
  | { readonly kind: 'look'; readonly look: DependencyLook }
  | { readonly kind: 'unreadable'; readonly why: string }
  | { readonly kind: 'binary'; readonly digest: string | null }
  | { readonly kind: 'reread' };

export interface DependencyWatch {
  start(): void;
  close(): Promise<void>;
}

export interface DependencyWatchOptions {
  /** Without them only the binary of Node is looked at. */
  readonly settings: DependencySettings | undefined;
  /** Whether to look again while running. */
  readonly watch: boolean;
  readonly scanIntervalMs: number;
  readonly duty: Duty;
  onNews(news: DependencyNews): void;
}

/** The longest time from one look to the next, in intervals of the source's scans, however long a look takes. */
const MOST_INTERVALS = 30;
/** So much longer than it took a look is rested after: a share of its own, of an eighth of a hundredth of one processor. */
const REST_AFTER_LOOK = 799;
/** One portion of reading everything again. */
const REREAD_BUDGET_MS = 25;
const REREAD_PAUSE_MS = 60_000;

export function createDependencyWatch(options: DependencyWatchOptions): DependencyWatch {
  const { settings, watch, scanIntervalMs, duty } = options;
  let worker: ScanWorker | undefined;
  let closed = false;
  let hasLooked = false;
  let lookTimer: NodeJS.Timeout | undefined;
  let rereadTimer: NodeJS.Timeout | undefined;

  function tell(news: DependencyNews): void {
    if (!closed) options.onNews(news);
  }

  function read(): DependencyWork | undefined {
    if (!settings) return undefined;
    const { lockFile, list } = settings;
    return {
      root: projectOf(lockFile),
      lockFile: readFileSync(lockFile, 'utf8'),
      list: list === undefined ? undefined : readFileSync(list, 'utf8'),
    };
  }

  async function begin(): Promise<void> {
    const dependencies = read();
    const root = dependencies?.root ?? '.';
    worker = startScanWorker(
      { scope: { root, exclude: [] }, fsEvents: false, dependencies },
      () => undefined,
    );
    if (dependencies) await look(worker);
    if (closed) return;
    tell({ kind: 'binary', digest: await worker.call('nodeBinary') });
    if (!dependencies || !watch) await worker.close();
    else rereadIn(worker, REREAD_PAUSE_MS);
  }

  async function look(thread: ScanWorker): Promise<void> {
    const found = await thread.call('dependencies');
    if (closed) return;
    if (!found) {
      tell({ kind: 'unreadable', why: 'the lock file or the list is none' });
      return;
    }
    tell({ kind: 'look', look: found });
    if (!watch) return;
    const restMs = Math.max(
      scanIntervalMs,
      Math.min(found.spentMs * REST_AFTER_LOOK, scanIntervalMs * MOST_INTERVALS),
    );
    // Reading again waits for what is beyond that share. The first look has read everything, once, and is no duty.
    if (hasLooked) duty.restAfter(Math.max(0, found.spentMs - restMs / REST_AFTER_LOOK));
    hasLooked = true;
    lookTimer = setTimeout(() => void look(thread).catch(end), Math.min(restMs, LONGEST_TIMER_MS)).unref();
  }

  function rereadIn(thread: ScanWorker, afterMs: number): void {
    rereadTimer = setTimeout(() => void reread(thread).catch(end), afterMs).unref();
  }

  async function reread(thread: ScanWorker): Promise<void> {
    const { complete, spentMs } = await thread.call('rereadDependencies', REREAD_BUDGET_MS);
    if (closed) return;
    if (complete) tell({ kind: 'reread' });
    rereadIn(thread, Math.max(duty.restAfter(spentMs), complete ? REREAD_PAUSE_MS : 0));
  }

  function end(error: unknown): void {
    tell({ kind: 'unreadable', why: systemCode(error) });
  }

  return {
    start: () => void begin().catch(end),
    async close() {
      closed = true;
      clearTimeout(lookTimer);
      clearTimeout(rereadTimer);
      await worker?.close();
    },
  };
}
