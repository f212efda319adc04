/**
 * How full the heap is after a collection of all of it: what is there in between is garbage as well. The limit that V8 names
 * has room for the young generation in it, which is empty then: with 64 MB of old space it says 112 MB, and the process
 * ends long before.
 */
import type { PerformanceEntry } from 'node:perf_hooks';

const MAJOR_COLLECTION = 4;
const MIB = 2 ** 20;
/** Two halves and as much again for large objects, of 16 MiB each on 64 bits unless it was set. */
const YOUNG_PARTS = 3;
const YOUNG_PART_MIB = 16;

export interface HeapReading {
  /** The least after a collection since the last reading; `null` when there was none. */
  readonly usedAfterGcBytes: number | null;
  /** In use now, garbage and all. */
  readonly usedBytes: number;
  /** Of what survives. */
  readonly limitBytes: number;
}

export interface HeapWatch {
  read(): HeapReading;
  close(): void;
}

export function createHeapWatch(): HeapWatch {
  const { getHeapStatistics } = process.getBuiltinModule('node:v8');
  const youngBytes = youngGenerationBytes([...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].join(' '));
  let least: number | null = null;
  const observer = new PerformanceObserver((list) => {
    if (list.getEntries().some(isMajor)) {
      least = Math.min(least ?? Number.POSITIVE_INFINITY, getHeapStatistics().used_heap_size);
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  return {
    read() {
      const { used_heap_size: usedBytes, heap_size_limit: limit } = getHeapStatistics();
      const usedAfterGcBytes = least;
      least = null;
      return { usedAfterGcBytes, usedBytes, limitBytes: Math.max(limit - youngBytes, limit / 2) };
    },
    close: () => observer.disconnect(),
  };
}

function isMajor(entry: PerformanceEntry): boolean {
  const { detail } = entry as { readonly detail?: unknown };
  return (
    typeof detail === 'object' && detail !== null && 'kind' in detail && detail.kind === MAJOR_COLLECTION
  );
}

/** By the arguments of Node: V8 does not say it. */
export function youngGenerationBytes(nodeArguments: string): number {
  const [, mib] = /--max[-_]semi[-_]space[-_]size[= ](\d+)/.exec(nodeArguments) ?? [];
  return YOUNG_PARTS * (mib === undefined ? YOUNG_PART_MIB : Number(mib)) * MIB;
}
