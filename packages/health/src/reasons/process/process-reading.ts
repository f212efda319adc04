/**
 * How this process is at a moment: all that its reasons are made of. A reading costs some 30 µs of CPU, and every minute one
 * of them some more, for what seldom changes.
 */
import type { ConnectionReading } from '../../probes/connection-readings.js';
import type { LoopBlock } from '../../probes/event-loop.js';
import { createThreadTrial } from '../../probes/thread-trial.js';
import { findCgroup, type Cgroup, type MemoryReading, type ThrottlingReading } from './cgroup.js';
import { createHeapWatch, type HeapReading } from './heap-watch.js';
import { createSmallFiles } from './small-files.js';

export interface ProcessReading {
  /** Monotonic. */
  readonly atMs: number;
  readonly loop: LoopReading;
  readonly threads: ThreadsReading;
  readonly heap: HeapReading;
  /** `null`: not limited, or not to be known here. */
  readonly memory: MemoryReading | null;
  readonly throttling: ThrottlingReading | null;
  readonly descriptors: DescriptorsReading | null;
  readonly connections: readonly ConnectionReading[];
}

/** Of the last ten seconds. */
export interface LoopReading {
  readonly blocks: number;
  readonly longest: LoopBlock | null;
}

export interface ThreadsReading {
  readonly size: number;
  /** How long a job that takes no time has waited for a thread. */
  readonly waitedMs: number;
}

export interface DescriptorsReading {
  /** At least so many. */
  readonly open: number;
  readonly limit: number;
}

export interface ProcessReaderOptions {
  /** Blocks of the event loop that have ended, the latest last. */
  readonly blocks: () => readonly LoopBlock[];
  /** What the probes have found out about their own connections. */
  readonly connections: () => readonly ConnectionReading[];
  /** Where `/proc` and `/sys` are; for tests. */
  readonly root?: string;
  readonly machineBytes?: number;
}

export interface ProcessReader {
  read(): ProcessReading;
  close(): void;
}

/** What is dear, or seldom changes, is read again after this time. */
const MINUTE_MS = 60_000;
/** A block is a reason for so long after its end. */
const RECENT_MS = 10_000;
const DEFAULT_THREADS = 4;
/** The descriptor of the folder that is read is one of them. */
const COUNTING = 1;
const FEW = 2_000;
/** Counting them holds everything else up for a tenth of what is noticed. */
const VERY_MANY = 50_000;
/** Either some were closed, or there are gaps: how many are open only counting tells. */
const RECOUNT_MS = 10_000;

/** What seldom changes. */
interface Surroundings {
  readonly cgroup: Cgroup;
  readonly readAtMs: number;
}

export function createProcessReader({
  blocks,
  connections,
  root = '',
  machineBytes = process.getBuiltinModule('node:os').totalmem(),
}: ProcessReaderOptions): ProcessReader {
  const files = createSmallFiles(root);
  const heap = createHeapWatch();
  const trial = createThreadTrial();
  const size = Number(process.env['UV_THREADPOOL_SIZE']) || DEFAULT_THREADS;
  let surroundings: Surroundings | undefined;
  let openDescriptors = 0;
  let countedAtMs = Number.NEGATIVE_INFINITY;
  /** Kept for when no descriptor is left to read it with. */
  let limitNow: number | null = null;

  function lookAround(nowMs: number): Surroundings {
    if (surroundings !== undefined && nowMs - surroundings.readAtMs < MINUTE_MS) return surroundings;
    surroundings = {
      cgroup: findCgroup(files, machineBytes),
      readAtMs: nowMs,
    };
    return surroundings;
  }

  /**
   * Few are counted at each reading; many, which takes milliseconds, now and then.
   *
   * @param last - the lowest free number, so all below it are open
   */
  function countDescriptors(nowMs: number, last: number): number {
    const hasFallen = last < openDescriptors && openDescriptors < VERY_MANY;
    const pauseMs = openDescriptors < FEW ? 0 : hasFallen ? RECOUNT_MS : MINUTE_MS;
    if (nowMs - countedAtMs >= pauseMs) {
      openDescriptors = (files.count('/proc/self/fd') ?? COUNTING) - COUNTING;
      countedAtMs = nowMs;
    }
    return openDescriptors;
  }

  /** The lowest free number is given to the file that is read. */
  function descriptors(nowMs: number): DescriptorsReading | null {
    const limit = (limitNow = descriptorLimitIn(files.read('/proc/self/limits')) ?? limitNow);
    const last = files.lastDescriptor();
    if (limit === null || last === undefined) return null;
    return { open: last === -1 ? limit : Math.max(last, countDescriptors(nowMs, last)), limit };
  }

  return {
    read() {
      const atMs = performance.now();
      const around = lookAround(atMs);
      const waitedMs = trial.tookMs();
      trial.begin();
      return {
        atMs,
        loop: loopReading(blocks(), atMs),
        threads: { size, waitedMs },
        heap: heap.read(),
        memory: around.cgroup.memory(),
        throttling: around.cgroup.throttling(),
        descriptors: descriptors(atMs),
        connections: connections(),
      };
    },
    close: () => heap.close(),
  };
}

function loopReading(all: readonly LoopBlock[], nowMs: number): LoopReading {
  const recent = all.filter(({ endedAtMs }) => nowMs - endedAtMs < RECENT_MS);
  const longest = recent.reduce<LoopBlock | null>(
    (worst, block) => (worst === null || block.lateMs > worst.lateMs ? block : worst),
    null,
  );
  return { blocks: recent.length, longest };
}

/** The one that counts stands first: `Max open files            1024                 1048576              files`. */
function descriptorLimitIn(limits: string | undefined): number | null {
  const [, soft] = /^Max open files\s+(\d+)/m.exec(limits ?? '') ?? [];
  return soft === undefined ? null : Number(soft);
}
