/**
 * The history of the service: what was measured and what happened, in a file of its own. It must work while everything
 * else fails, so it lies in none of the stores that are watched; and nothing waits for it, so whatever becomes of its disk
 * is no reason for a late answer or a bad verdict.
 */
import { join } from 'node:path';
import type { HealthSnapshot, Report } from 'portal-health';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from 'portal-shared/error-code';
import { RpcError } from 'portal-shared/rpc-thread';
import { PortalError } from '../../errors.js';
import type { Log } from '../../infra/log.js';
import type { EventPage, EventQuery } from './event-store.js';
import type { FileTrouble } from './file.js';
import type { HistoryPage, HistoryStore, HistoryTaskName } from './history-store.js';
import type { HistoryQuery } from './history-query.js';
import { SAMPLE_MS } from './history-limits.js';
import { createSampling, type StoredSample } from './series.js';
import type { Range } from './status-totals.js';
import { startHistoryWorker, type HistoryWorker } from './history-worker.js';

/** What was and what happened. */
export interface History {
  /** Opens the file in the background; what is written meanwhile waits. */
  start(): void;
  /** Takes a sample of how things stand. */
  sample(report: Report, facts: HealthSnapshot): void;
  /**
   * Writes at once and in order, and tries again for as long as the disk refuses.
   *
   * @throws RpcError when the task makes no sense to the file, or there is too much to be remembered
   */
  write<Name extends HistoryTaskName>(
    name: Name,
    ...args: Parameters<HistoryStore[Name]>
  ): Promise<ReturnType<HistoryStore[Name]>>;
  /** @throws PortalError (unavailable) when the disk does not answer in time */
  read(plan: HistoryQuery, asked: Range): Promise<HistoryPage>;
  /** @throws PortalError (unavailable) when the disk does not answer in time */
  events(query: EventQuery): Promise<EventPage>;
  /** Writes what there is to write, if that can be done soon. */
  close(): Promise<void>;
}

/** What an operator has to know: of the file, or of the disk under it. */
export type Trouble =
  | FileTrouble
  | { readonly what: 'not_written'; readonly cause: string }
  /** The end of that. */
  | { readonly what: 'written_again' };

/** Where it lies, and who is told. */
export interface HistoryOptions {
  /** Made if there is none. */
  readonly folder: string;
  readonly log: Log;
  /** Until when it is known how things stand, in milliseconds since 1970. */
  readonly knownMs: () => number;
  /** Told when nothing can be kept, or something was lost. */
  readonly onTrouble: (trouble: Trouble) => void;
}

/** Name of the file in its folder. */
const HISTORY_FILE = 'history.sqlite';
/** So much a kill can cost, plus the moment of writing. */
const FLUSH_MS = 1_000;
/** What is remembered of samples and of the rest while the disk takes nothing. */
const MOST_SAMPLES = 1_000;
const MOST_WRITES = 1_000;
const RETRY_MS = 1_000;
const READ_DEADLINE_MS = 5_000;
const CLOSE_DEADLINE_MS = 1_000;
/** The disk, not what was asked of it: it may take later what it does not take now. */
const PASSING = /^(THREAD_ENDED|SQLITE_(FULL|IOERR|READONLY|BUSY|LOCKED|CANTOPEN|NOMEM|CORRUPT))$/;

interface Write {
  readonly name: HistoryTaskName;
  readonly args: readonly unknown[];
  readonly done: (result: unknown) => void;
  readonly failed: (error: unknown) => void;
}

/** Nothing is opened before `start()`. */
export function createHistory({ folder, log, knownMs, onTrouble }: HistoryOptions): History {
  const sampling = createSampling();
  const writes: Write[] = [];
  let samples: StoredSample[] = [];
  let lastSample: StoredSample | undefined;
  let flushing = false;
  let writing: Promise<void> | undefined;
  let refused = false;
  let closed = false;
  let worker: HistoryWorker | undefined;
  let timer: NodeJS.Timeout | undefined;

  function startWorker(): HistoryWorker {
    return startHistoryWorker({
      path: join(folder, HISTORY_FILE),
      onTrouble: (trouble) => {
        log.warn(
          trouble.what === 'damaged'
            ? 'the history was damaged and set aside; a new one was begun'
            : 'the history is kept in memory only',
          trouble.what === 'damaged' ? { kept_as: trouble.keptAs } : { cause: trouble.cause },
        );
        onTrouble(trouble);
      },
      onEnd: (error) => log.bug('the history thread ended and is started again', error),
    });
  }

  const call: HistoryWorker['call'] = (name, ...args) =>
    worker ? worker.call(name, ...args) : Promise.reject(new RpcError('THREAD_ENDED'));

  async function flush(): Promise<void> {
    if (flushing || samples.length === 0) return;
    flushing = true;
    const taken = samples;
    samples = [];
    try {
      await call('addSamples', taken);
      accepted();
    } catch (error) {
      noteRejected(error);
      samples = [...taken, ...samples].slice(-MOST_SAMPLES);
    }
    flushing = false;
  }

  function writeSoon(): void {
    if (!worker) return;
    writing ??= writeAll().finally(() => {
      writing = undefined;
      if (writes.length > 0 && !closed) writeSoon();
    });
  }

  async function writeAll(): Promise<void> {
    for (let [next] = writes; next !== undefined; [next] = writes) {
      try {
        // The arguments were checked where they were given.
        next.done(await call(next.name, ...(next.args as never)));
        writes.shift();
        accepted();
      } catch (error) {
        if (PASSING.test(errorCode(error)) && !closed) {
          noteRejected(error);
          await sleep(RETRY_MS, undefined, { ref: false });
        } else {
          writes.shift();
          next.failed(error);
        }
      }
    }
  }

  function noteRejected(error: unknown): void {
    if (refused || closed) return;
    refused = true;
    log.failure('the history cannot be written', error);
    onTrouble({ what: 'not_written', cause: errorCode(error) });
  }

  function accepted(): void {
    if (!refused) return;
    refused = false;
    log.info('the history can be written again');
    onTrouble({ what: 'written_again' });
  }

  async function withDeadline<Result>(answer: Promise<Result>): Promise<Result> {
    const late = new AbortController();
    try {
      return await Promise.race([
        answer,
        sleep(READ_DEADLINE_MS, undefined, { signal: late.signal }).then(() => {
          throw new PortalError('unavailable');
        }),
      ]);
    } catch (error) {
      if (error instanceof PortalError) throw error;
      log.failure('the history cannot be read', error);
      throw new PortalError('unavailable');
    } finally {
      late.abort();
    }
  }

  return {
    start() {
      worker = startWorker();
      timer = setInterval(() => void flush(), FLUSH_MS);
      timer.unref();
      writeSoon();
    },
    sample(report, facts) {
      const sample = sampling.sample(report, facts, new Date());
      const isNew = lastSample?.status !== sample.status || sample.at - lastSample.at >= SAMPLE_MS;
      // A clock that was set back must not silence it.
      if (!isNew && lastSample && sample.at >= lastSample.at) return;
      lastSample = sample;
      samples.push(sample);
      if (samples.length > MOST_SAMPLES) samples.shift();
    },
    write(name, ...args) {
      return new Promise((resolve, reject) => {
        if (closed || writes.length >= MOST_WRITES) {
          reject(new PortalError('unavailable'));
          return;
        }
        // The thread gives what the task of that name gives.
        writes.push({ name, args, done: resolve as Write['done'], failed: reject });
        writeSoon();
      });
    },
    read: (plan, asked) =>
      withDeadline(call('readHistory', plan, asked, { nowMs: Date.now(), knownMs: knownMs() })),
    events: (query) => withDeadline(call('readEvents', query)),
    async close() {
      clearInterval(timer);
      if (!worker) return;
      const ended = (async () => {
        await flush();
        await writing;
        closed = true;
        await call('endRun', Date.now());
      })().catch(() => undefined);
      await Promise.race([ended, sleep(CLOSE_DEADLINE_MS, undefined, { ref: false })]);
      closed = true;
      await worker.close();
    },
  };
}
