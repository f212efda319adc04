/**
 * The history of the service: samples and events, in a file of its own. It must work while everything else fails, so it is in
 * none of the watched stores. Nothing waits for it, so a slow or broken disk delays no response and changes no verdict.
 */
import { join } from 'node:path';
import type { HealthSnapshot, Report } from 'portal-health';
import { errorCode } from 'portal-shared/error-code';
import { RpcError } from 'portal-shared/rpc-thread';
import { withTimeout } from 'portal-shared/with-timeout';
import type { Log } from '../../infra/log.js';
import { readInTime } from '../../infra/sqlite/read-in-time.js';
import type { FileTrouble } from '../../infra/sqlite/sqlite-file.js';
import { createDiskState, createWriteQueue, type Write } from '../../infra/sqlite/write-queue.js';
import type { HealthyTime, HealthyTimeQuery } from '../healthy-time/healthy-time-query.js';
import type { Range } from '../healthy-time/healthy-time.js';
import type { PreviousStatus } from '../tracked-status.js';
import type { Details, EventPage, EventQuery, StoredEvent } from './event-store.js';
import type { HistoryQuery } from './history-query.js';
import type { HistoryPage, HistoryStore } from './history-store.js';
import { startHistoryWorker, type HistoryWorker } from './history-worker.js';
import { createSampleBuffer } from './sampling.js';

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
  write: Write<HistoryStore>;
  /** @throws PortalError (unavailable) when the disk does not answer in time */
  read(query: HistoryQuery, requested: Range): Promise<HistoryPage>;
  /** @throws PortalError (unavailable) when the disk does not answer in time */
  healthyTime(query: HealthyTimeQuery): Promise<HealthyTime | null>;
  /** @throws PortalError (unavailable) when the disk does not answer in time */
  events(query: EventQuery): Promise<EventPage>;
  /** Attempts that the disk refused. */
  failedWrites(): number;
  /** Writes what waits, if the disk takes it within a second. */
  close(): Promise<void>;
}

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
const CANNOT_READ = 'the history cannot be read';
const CLOSE_TIMEOUT_MS = 1_000;

/** Nothing is opened before `start()`. */
export function createHistory({ folder, log, knownMs, onEvent, onReplaced }: HistoryOptions): History {
  let worker: HistoryWorker | undefined;
  let timer: NodeJS.Timeout | undefined;

  const call: Write<HistoryStore> = (method, ...args) =>
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
  const queue = createWriteQueue<HistoryStore>(call, disk);
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
    await worker?.callLast('endRun', Date.now());
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
    failedWrites: disk.rejections,
    read: (query, requested) =>
      readInTime(
        call('readHistory', query, requested, { nowMs: Date.now(), knownMs: knownMs() }),
        log,
        CANNOT_READ,
      ),
    healthyTime: (query) =>
      readInTime(call('readHealthyTime', query, { nowMs: Date.now(), knownMs: knownMs() }), log, CANNOT_READ),
    events: (query) => readInTime(call('readEvents', query), log, CANNOT_READ),
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
