/**
 * The history of the service: samples and events, in a file of its own. It must work while everything else fails, so it is in
 * none of the watched stores. Nothing waits for it, so a slow or broken disk delays no response and changes no verdict.
 */
import { join } from 'node:path';
import type { HealthSnapshot, Report } from 'portal-health';
import { errorCode } from 'portal-shared/error-code';
import { RpcError } from 'portal-shared/rpc-thread';
import { TimeoutError, withTimeout } from 'portal-shared/with-timeout';
import { PortalError } from '../../errors.js';
import type { Log } from '../../infra/log.js';
import { retry } from '../../infra/retry.js';
import type { PreviousStatus } from '../tracked-status.js';
import type { Details, EventPage, EventQuery, StoredEvent } from './event-store.js';
import type { FileTrouble } from './file.js';
import type { HistoryQuery } from './history-query.js';
import type { HistoryPage, HistoryStore } from './history-store.js';
import { startHistoryWorker, type HistoryWorker } from './history-worker.js';
import { createSampleBuffer } from './sampling.js';
import type { Range } from './status-totals.js';

type EventMethod = 'addEvent' | 'transitionEvent' | 'upsertEvent' | 'recordStatus' | 'beginRun';

export interface History {
  /**
   * Opens the file in the background; writes wait until then.
   *
   * @returns the status at the end of the run before
   */
  start(run: Details): Promise<PreviousStatus | null>;
  sample(report: Report, snapshot: HealthSnapshot): void;
  /** Writes an event, then calls `onEvent`. `undefined` if it cannot be written, which the log already says. */
  record<Name extends EventMethod>(
    method: Name,
    ...args: Parameters<HistoryStore[Name]>
  ): Promise<StoredEvent | undefined>;
  /**
   * Writes in the order of the calls, and retries for as long as the disk refuses.
   *
   * @throws RpcError when the file can never take it
   * @throws PortalError (unavailable) when too many writes wait
   */
  write: Write;
  /** @throws PortalError (unavailable) when the disk does not answer in time */
  read(query: HistoryQuery, requested: Range): Promise<HistoryPage>;
  /** @throws PortalError (unavailable) when the disk does not answer in time */
  events(query: EventQuery): Promise<EventPage>;
  /** Writes what waits, if the disk takes it within a second. */
  close(): Promise<void>;
}

type Write = <Name extends keyof HistoryStore>(
  method: Name,
  ...args: Parameters<HistoryStore[Name]>
) => Promise<ReturnType<HistoryStore[Name]>>;

export interface HistoryOptions {
  /** Made if it does not exist. */
  readonly folder: string;
  readonly log: Log;
  /** Until when the status is known, in milliseconds since 1970. */
  readonly knownMs: () => number;
  readonly onEvent: (event: StoredEvent) => void;
  /** The file was damaged, and a new one does not have the open status event. */
  readonly onReplaced: () => void;
}

const HISTORY_FILE = 'history.sqlite';
/** A kill can cost the samples of so much time. */
const FLUSH_MS = 1_000;
/** Of writes that wait while the disk takes nothing. */
const MAX_WRITES = 1_000;
const RETRY_MS = 1_000;
const READ_TIMEOUT_MS = 5_000;
const CLOSE_TIMEOUT_MS = 1_000;
/** Errors of the disk, which may later take what it does not take now. */
const TRANSIENT = /^(THREAD_ENDED|SQLITE_(FULL|IOERR|READONLY|BUSY|LOCKED|CANTOPEN|NOMEM|CORRUPT))$/;

/** Nothing is opened before `start()`. */
export function createHistory({ folder, log, knownMs, onEvent, onReplaced }: HistoryOptions): History {
  let worker: HistoryWorker | undefined;
  let timer: NodeJS.Timeout | undefined;

  const call: Write = (method, ...args) =>
    worker ? worker.call(method, ...args) : Promise.reject(new RpcError('THREAD_ENDED'));
  const disk = createDiskState(
    (error) => {
      log.failure('the history cannot be written', error);
      recordTrouble('transitionEvent', 'not_written', { cause: errorCode(error) });
    },
    () => {
      log.info('the history can be written again');
      queue.write('endEvents', 'history', Date.now()).catch(() => undefined);
    },
  );
  const queue = createWriteQueue(call, disk);
  const samples = createSampleBuffer((taken) =>
    call('addSamples', taken).then(
      () => disk.accepted(),
      (error: unknown) => {
        disk.rejected(error);
        throw error;
      },
    ),
  );

  const record: History['record'] = (method, ...args) =>
    queue.write(method, ...args).then(
      (event) => {
        onEvent(event);
        return event;
      },
      () => undefined,
    );

  /** `addEvent`: it is over. `transitionEvent`: it goes on. */
  function recordTrouble(method: 'addEvent' | 'transitionEvent', to: string, details: Details): void {
    const at = Date.now();
    const endedAt = method === 'addEvent' ? at : null;
    void record(method, { kind: 'history', beganAt: at, endedAt, from: null, to, codes: [], details });
  }

  function reportTrouble(trouble: FileTrouble): void {
    if (trouble.type === 'not_kept') {
      const details = { cause: trouble.cause };
      log.warn('the history is kept in memory only', details);
      recordTrouble('transitionEvent', 'not_kept', details);
      return;
    }
    const details = { kept_as: trouble.keptAs };
    log.warn('the history was damaged and set aside; a new one was begun', details);
    recordTrouble('addEvent', 'damaged', details);
    onReplaced();
  }

  async function end(): Promise<void> {
    await samples.flush();
    await queue.settle();
    queue.close();
    disk.close();
    await call('endRun', Date.now());
  }

  return {
    async start(run) {
      worker = startHistoryWorker({
        path: join(folder, HISTORY_FILE),
        onTrouble: reportTrouble,
        onEnd: (error) => log.bug('the history thread ended and is started again', error),
      });
      timer = setInterval(() => void samples.flush(), FLUSH_MS);
      timer.unref();
      queue.start();
      await record('beginRun', Date.now(), run);
      return queue.write('previousRun').catch(() => null);
    },
    sample: samples.sample,
    record,
    write: queue.write,
    read: (query, requested) =>
      available(call('readHistory', query, requested, { nowMs: Date.now(), knownMs: knownMs() }), log),
    events: (query) => available(call('readEvents', query), log),
    async close() {
      clearInterval(timer);
      if (!worker) return;
      await withTimeout(end(), CLOSE_TIMEOUT_MS).catch(() => undefined);
      queue.close();
      disk.close();
      await worker.close();
    },
  };
}

/** @throws PortalError (unavailable) when there is no reply in time */
async function available<Result>(reply: Promise<Result>, log: Log): Promise<Result> {
  try {
    return await withTimeout(reply, READ_TIMEOUT_MS);
  } catch (error) {
    if (!(error instanceof TimeoutError)) log.failure('the history cannot be read', error);
    throw new PortalError('unavailable');
  }
}

/** Reports the first error, and the first success after it. */
function createDiskState(onRejected: (error: unknown) => void, onAccepted: () => void) {
  let isRejecting = false;
  let isClosed = false;
  return {
    accepted() {
      const wasRejecting = isRejecting;
      isRejecting = false;
      if (wasRejecting) onAccepted();
    },
    rejected(error: unknown) {
      if (isRejecting || isClosed) return;
      isRejecting = true;
      onRejected(error);
    },
    close() {
      isClosed = true;
    },
  };
}

interface PendingWrite {
  readonly method: keyof HistoryStore;
  readonly args: readonly unknown[];
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

function createWriteQueue(call: Write, disk: ReturnType<typeof createDiskState>) {
  const pending: PendingWrite[] = [];
  let isStarted = false;
  let isClosed = false;
  let writing: Promise<void> | undefined;

  function flush(): void {
    if (!isStarted) return;
    writing ??= writeAll().finally(() => {
      writing = undefined;
      if (pending.length > 0 && !isClosed) flush();
    });
  }

  function pauseMs(error: unknown): number | undefined {
    if (isClosed || !TRANSIENT.test(errorCode(error))) return undefined;
    disk.rejected(error);
    return RETRY_MS;
  }

  async function writeAll(): Promise<void> {
    for (let [next] = pending; next !== undefined; [next] = pending) {
      const { method, args, resolve, reject } = next;
      try {
        // The types were checked where `write` was called.
        const result = await retry(() => call(method, ...(args as never)), { pauseMs });
        pending.shift();
        resolve(result);
        disk.accepted();
      } catch (error) {
        pending.shift();
        reject(error);
      }
    }
  }

  const write: Write = (method, ...args) =>
    new Promise((resolve, reject) => {
      if (isClosed || pending.length >= MAX_WRITES) {
        reject(new PortalError('unavailable'));
        return;
      }
      // The thread replies with what its method of that name returns.
      pending.push({ method, args, resolve: resolve as PendingWrite['resolve'], reject });
      flush();
    });

  return {
    start() {
      isStarted = true;
      flush();
    },
    write,
    /** Resolves when no write is under way. */
    settle: () => writing ?? Promise.resolve(),
    /** Retries nothing more. */
    close() {
      isClosed = true;
    },
  };
}
