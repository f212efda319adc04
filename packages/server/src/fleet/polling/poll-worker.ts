/**
 * The near side of the thread that polls: started with the first target, and again after it has ended.
 */
import { startRpcWorker, type RpcWorker } from 'portal-shared/rpc-thread';
import type { Collected, PollPlan, PollThreadApi } from './poll-thread.js';

export interface PollWorker {
  /** Replaces what is polled. */
  setPlan(plan: PollPlan): void;
  close(): Promise<void>;
}

export interface PollWorkerOptions {
  readonly onCollected: (collected: Collected) => void;
  /** The thread has ended by itself. Another one takes its place. */
  readonly onEnd: (error: unknown) => void;
}

const RESTART_MS = 1_000;
/** The new thread has begun to listen by then, or hears of the plan with the next change. */
const REPLAN_MS = 2 * RESTART_MS;

export function createPollWorker({ onCollected, onEnd }: PollWorkerOptions): PollWorker {
  let worker: RpcWorker<PollThreadApi> | undefined;
  let current: PollPlan = { services: {}, targets: [], prometheus: null, series: [] };

  function start(): RpcWorker<PollThreadApi> {
    return startRpcWorker<PollThreadApi, Collected>({
      entry: new URL('./poll-thread.js', import.meta.url),
      name: 'portal-fleet',
      workerData: null,
      maxYoungGenerationSizeMb: 24,
      // Of less than it may have, V8 lets less garbage lie.
      maxOldGenerationSizeMb: 1_024,
      restartMs: RESTART_MS,
      onEvent: onCollected,
      onEnd(error) {
        onEnd(error);
        setTimeout(send, REPLAN_MS).unref();
      },
    });
  }

  function send(): void {
    // Whoever has ended meanwhile is given the plan by `onEnd`.
    worker?.call('setPlan', current).catch(() => undefined);
  }

  return {
    setPlan(plan) {
      current = plan;
      if (!worker && plan.targets.length + plan.series.length === 0) return;
      worker ??= start();
      send();
    },
    async close() {
      await worker?.close();
    },
  };
}
