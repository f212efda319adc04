/**
 * What every contender shares: it runs in a process of its own and, told a folder, hashes it and tells what that took.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

/** One hash of a tree. */
export interface Hashing {
  readonly hash: string;
  readonly tookMs: number;
  /** How late the event loop of the application was at the worst; `NaN` when nobody looked. */
  readonly loopDelayMs: number;
  /** Most memory that the process ever held, over what it held before it made anything ready to hash. */
  readonly memoryAddedBytes: number;
}

/** What a hasher is told. To look at the loop every millisecond takes time of its own, so it is not done while timing. */
export interface Order {
  readonly root: string;
  readonly watchesLoop: boolean;
}

const RESOLUTION_MS = 1;

/** @param prepare - makes ready what hashes, such as a thread */
export async function serveHasher(prepare: () => Promise<(root: string) => Promise<string>>): Promise<void> {
  const memoryBefore = process.memoryUsage.rss();
  const hash = await prepare();
  process.on('message', (order: Order) => {
    void measure(order).then((hashing) => process.send?.(hashing));
  });
  process.once('disconnect', () => process.exit());
  process.send?.('ready');

  async function measure({ root, watchesLoop: looksAtLoop }: Order): Promise<Hashing> {
    const endLooking = looksAtLoop ? await startLoopWatch() : undefined;
    const beganMs = performance.now();
    const result = await hash(root);
    const tookMs = performance.now() - beganMs;
    return {
      hash: result,
      tookMs,
      loopDelayMs: (await endLooking?.()) ?? Number.NaN,
      memoryAddedBytes: process.resourceUsage().maxRSS * 1_024 - memoryBefore,
    };
  }
}

/** @returns what ends it and tells the delay in milliseconds */
async function startLoopWatch(): Promise<() => Promise<number>> {
  const loop = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  loop.enable();
  await sleep(50);
  loop.reset();
  // The first tick after a reset only begins to count.
  await sleep(10);
  return async () => {
    // A delay is noted by the tick that comes too late.
    await sleep(5);
    loop.disable();
    return Math.max(0, loop.max / 1e6 - RESOLUTION_MS);
  };
}
