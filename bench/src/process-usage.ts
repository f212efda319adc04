/** What a process has used since it started, all of its threads together, by the kernel's counters. */
import { readFileSync } from 'node:fs';
import type { Usage } from './servers/contender.js';

const TICK_MS = 10;

/** Processor time in steps of the kernel's 10 ms. */
export function usageOf(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The name in brackets may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const rss = /^VmRSS:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
  return { cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS, rssBytes: Number(rss) * 1_024 };
}
