/** Shared by all contenders: each runs in a process of its own, hashes the folders it is sent, and sends what that took. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

/** One hash of a tree. */
export interface Hashing {
  readonly hash: string;
  readonly tookMs: number;
  /** How late the event loop of the application was at the worst; `NaN` when that was not measured. */
  readonly loopDelayMs: number;
  /** Peak memory of the process, over what it held before it prepared to hash. */
  readonly memoryAddedBytes: number;
}

/** What a hasher is sent. To sample the event loop every millisecond takes time, so it is not done while timing. */
export interface Order {
  readonly root: string;
  readonly watchesLoop: boolean;
}

const RESOLUTION_MS = 1;

/** @param prepare - starts what hashes, such as a thread */
export async function serveHasher(prepare: () => Promise<(root: string) => Promise<string>>): Promise<void> {
  const memoryBefore = process.memoryUsage.rss();
  const hash = await prepare();
  process.on('message', (order: Order) => {
    void measure(order).then((hashing) => process.send?.(hashing));
  });
  process.once('disconnect', () => process.exit());
  process.send?.('ready');

  async function measure({ root, watchesLoop }: Order): Promise<Hashing> {
    const stopLoopWatch = watchesLoop ? await startLoopWatch() : undefined;
    const startedMs = performance.now();
    const result = await hash(root);
    const tookMs = performance.now() - startedMs;
    return {
      hash: result,
      tookMs,
      loopDelayMs: (await stopLoopWatch?.()) ?? Number.NaN,
      memoryAddedBytes: process.resourceUsage().maxRSS * 1_024 - memoryBefore,
    };
  }
}

/** @returns what stops it and gives the delay in milliseconds */
async function startLoopWatch(): Promise<() => Promise<number>> {
  const loop = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  loop.enable();
  await sleep(50);
  loop.reset();
  // The first tick after a reset only starts the count.
  await sleep(10);
  return async () => {
    // A delay is recorded by the tick that comes too late.
    await sleep(5);
    loop.disable();
    return Math.max(0, loop.max / 1e6 - RESOLUTION_MS);
  };
}
