/**
 * The history of the fleet, in a file of its own with a thread of its own. Nothing waits for it: a slow or broken disk
 * delays no poll and changes no verdict.
 */
import { join } from 'node:path';
import { startRpcWorker, RpcError, type RpcWorker } from 'portal-shared/rpc-thread';
import { withTimeout } from 'portal-shared/with-timeout';
import type { Log } from '../../infra/log.js';
import { readInTime } from '../../infra/sqlite/read-in-time.js';
import type { FileTrouble } from '../../infra/sqlite/sqlite-file.js';
import { createDiskState, createWriteQueue, type Write } from '../../infra/sqlite/write-queue.js';
import { MOST_PENDING } from './fleet-limits.js';
import type { FleetStore } from './fleet-store.js';
import type { FleetUpdate } from '../../fleet/fleet-update.js';
import type { ServiceStep, StepColumns, StepQuery } from './service-step-store.js';
import { createStepTracker } from './step-tracker.js';
import type { ServiceStretch } from './stretch-store.js';
import { createStretchTracker } from './stretch-tracker.js';
import type { Transition, TransitionPage, TransitionQuery } from './transition-store.js';
import { createTransitionTracker } from './transition-tracker.js';

export interface FleetHistory {
  /** Opens the file in the background; writes wait until then. */
  start(): void;
  /** To be called with every update of the fleet. */
  update(update: FleetUpdate): void;
  /**
   * Writes in the order of the calls, and retries for as long as the disk refuses.
   *
   * @throws RpcError when the file can never take it
   * @throws PortalError (unavailable) when too many writes wait
   */
  write: Write<FleetStore>;
  /** Calls a method at once, past the writes that wait. Rejects as the file does. */
  read: Write<FleetStore>;
  /** @throws PortalError (unavailable) when the disk does not answer in time */
  transitions(query: TransitionQuery): Promise<TransitionPage>;
  /** @throws PortalError (unavailable) when the disk does not answer in time */
  steps(query: StepQuery): Promise<StepColumns | null>;
  /** Attempts that the disk refused. */
  failedWrites(): number;
  /** Writes what waits, if the disk takes it within a second. */
  close(): Promise<void>;
}

export interface FleetHistoryOptions {
  /** Made if it does not exist. */
  readonly folder: string;
  readonly log: Log;
  /** The file was damaged, and a new one has nothing of it. */
  readonly onReplaced?: () => void;
}

const FLEET_FILE = 'fleet.sqlite';
/** A kill can cost the transitions of so much time, and of a minute's figures ten times as much. */
const FLUSH_MS = 1_000;
const FLUSHES_A_STEP = 10;
/** What has ended the thread may still be there. */
const RESTART_MS = 1_000;
const CANNOT_READ = 'the history of the fleet cannot be read';
const CLOSE_TIMEOUT_MS = 1_000;

/** Nothing is opened before `start()`. */
export function createFleetHistory({ folder, log, onReplaced }: FleetHistoryOptions): FleetHistory {
  let worker: RpcWorker<FleetStore> | undefined;
  let timer: NodeJS.Timeout | undefined;
  const call: Write<FleetStore> = (method, ...args) =>
    worker ? worker.call(method, ...args) : Promise.reject(new RpcError('THREAD_ENDED'));
  const disk = createDiskState(
    (error) => log.failure('the history of the fleet cannot be written', error),
    () => log.info('the history of the fleet can be written again'),
  );
  const queue = createWriteQueue<FleetStore>(call, disk);
  const told = <Result>(reply: Promise<Result>): Promise<Result> =>
    reply.then(
      (result) => {
        disk.accepted();
        return result;
      },
      (error: unknown) => {
        disk.rejected(error);
        throw error;
      },
    );
  const pending = createPending({
    addTransitions: (transitions) => told(call('addTransitions', transitions)),
    addSteps: (taken) => told(call('addSteps', taken, Date.now())),
    putStretches: (taken) => told(call('putStretches', taken, Date.now())),
  });

  function reportTrouble(trouble: FileTrouble): void {
    if (trouble.type === 'not_kept') {
      log.warn('the history of the fleet is kept in memory only', { cause: trouble.cause });
      return;
    }
    log.warn('the history of the fleet was damaged and set aside; a new one was begun', {
      kept_as: trouble.keptAs,
    });
    onReplaced?.();
  }

  async function end(): Promise<void> {
    await pending.flush(true);
    await queue.settle();
    queue.close();
    disk.close();
    await worker?.callLast('endRun');
  }

  return {
    start() {
      worker = startRpcWorker<FleetStore, FileTrouble>({
        entry: new URL('./fleet-thread.js', import.meta.url),
        name: 'portal fleet history',
        workerData: { path: join(folder, FLEET_FILE) },
        maxYoungGenerationSizeMb: 8,
        restartMs: RESTART_MS,
        onEvent: reportTrouble,
        onEnd: (error) => log.bug('the thread of the fleet file ended and is started again', error),
      });
      let flushes = 0;
      timer = setInterval(() => {
        flushes += 1;
        void pending.flush(flushes % FLUSHES_A_STEP === 0);
      }, FLUSH_MS);
      timer.unref();
      queue.start();
    },
    update: (update) => pending.add(update),
    write: queue.write,
    read: call,
    failedWrites: disk.rejections,
    transitions: (query) => readInTime(call('readTransitions', query), log, CANNOT_READ),
    steps: (query) => readInTime(call('readSteps', query), log, CANNOT_READ),
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

/** Transitions, steps and stretches that the file has not taken yet. */
function createPending({
  addTransitions,
  addSteps,
  putStretches,
}: {
  readonly addTransitions: (transitions: readonly Transition[]) => Promise<void>;
  readonly addSteps: (steps: readonly ServiceStep[]) => Promise<void>;
  readonly putStretches: (stretches: readonly ServiceStretch[]) => Promise<void>;
}) {
  const tracker = createTransitionTracker();
  const steps = createStepTracker();
  const stretches = createStretchTracker();
  let transitions: readonly Transition[] = [];
  let isFlushing = false;

  async function flushTransitions(): Promise<void> {
    const taken = transitions;
    transitions = [];
    if (taken.length === 0) return;
    await addTransitions(taken).catch(() => {
      transitions = [...taken, ...transitions].slice(-MOST_PENDING);
    });
  }

  return {
    add(update: FleetUpdate) {
      transitions = [...transitions, ...tracker.update(update)].slice(-MOST_PENDING);
      steps.update(update);
      stretches.update(update);
    },
    /** Never rejects: transitions that cannot be written wait for the next call. */
    async flush(withSteps: boolean): Promise<void> {
      if (isFlushing) return;
      isFlushing = true;
      await flushTransitions();
      if (withSteps) {
        await steps.flush(addSteps);
        await stretches.flush(putStretches);
      }
      isFlushing = false;
    },
  };
}
