/** Watches a tree, and sends what it took to read all of it again while nothing else was to do: `node rereader.js ROOT`. */
import { setTimeout as sleep } from 'node:timers/promises';
import { watchSource } from 'portal-integrity';

export interface RereadCost {
  readonly seconds: number;
  /** Processor time of all threads meanwhile. */
  readonly cpuMs: number;
  /** Of one core, when it was done. */
  readonly idleDuty: number;
}

const IDLE_MS = 20_000;
const [root = '.'] = process.argv.slice(2);
// Scans are measured elsewhere.
const source = watchSource({ root, scanIntervalMs: 3_600_000 });
await source.start();

const began = performance.now();
const atStart = process.cpuUsage();
while (typeof source.state().disk?.reread_at !== 'string') await sleep(1_000);
const seconds = (performance.now() - began) / 1_000;
const cpuMs = cpuSince(atStart);

// What it found is looked at once more.
await sleep(5_000);
const atEnd = process.cpuUsage();
await sleep(IDLE_MS);
const cost: RereadCost = { seconds, cpuMs, idleDuty: cpuSince(atEnd) / IDLE_MS };
process.send?.(cost, () => process.exit());

function cpuSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1_000;
}
