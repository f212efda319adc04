/**
 * Watches a source and its dependencies as a service does, and sends what it takes to read all of it again and again while nothing
 * else is to do: `node rereader.js ROOT LOCK_FILE SCAN_INTERVAL_MS SPAN_MS`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { watchSource } from 'portal-integrity';

export interface RereadCost {
  /** Processor time of all threads, scans and looks included, of one core. */
  readonly duty: number;
  /** Bytes that each thread has read, most first. */
  readonly bytesRead: readonly number[];
}

/** From the first look at the dependencies until they are read again is a minute. */
const SETTLE_MS = 70_000;
const [root = '.', lockFile = '', scanIntervalMs = '10000', spanMs = '150000'] = process.argv.slice(2);
const source = watchSource({ root, scanIntervalMs: Number(scanIntervalMs), dependencies: { lockFile } });
await source.start();
while (typeof source.state().dependencies?.checked_at !== 'string') await sleep(100);
await sleep(SETTLE_MS);

const readBefore = bytesOfThreads();
const cpuBefore = process.cpuUsage();
const beganMs = performance.now();
await sleep(Number(spanMs));
const { user, system } = process.cpuUsage(cpuBefore);
const seconds = (performance.now() - beganMs) / 1_000;
const cost: RereadCost = {
  duty: (user + system) / 1e6 / seconds,
  bytesRead: Array.from(
    bytesOfThreads(),
    ([thread, bytes]) => bytes - (readBefore.get(thread) ?? 0),
  ).toSorted((a, b) => b - a),
};
process.send?.(cost, () => process.exit());

/** By the kernel's count, from the page cache or not. */
function bytesOfThreads(): ReadonlyMap<string, number> {
  return new Map(
    readdirSync('/proc/self/task').map((thread) => {
      const counts = readFileSync(`/proc/self/task/${thread}/io`, 'utf8');
      return [thread, Number(/^rchar: (\d+)$/m.exec(counts)?.[1])];
    }),
  );
}
