/** The limit of descriptors of a process that runs. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const USUAL = 1_024;

async function setLimit(pid: number, soft: number): Promise<void> {
  await promisify(execFile)('prlimit', [`--pid=${pid}`, `--nofile=${soft}:`]);
}

/** Returns what lifts it again. */
export async function limitDescriptors(pid: number, soft: number): Promise<() => Promise<void>> {
  await setLimit(pid, soft);
  return () => setLimit(pid, USUAL);
}
