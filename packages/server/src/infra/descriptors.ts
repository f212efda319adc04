/**
 * How many descriptors this process may have open: each connection takes one, and so does each file and each store.
 */
import { readFileSync } from 'node:fs';

/** Where the limit cannot be read: what most systems give to a program that asks for nothing. */
const DEFAULT_LIMIT = 1_024;

/** Descriptors of this process that are no connections: files, threads, probes, the listening port, messages sent. */
const RESERVED_DESCRIPTORS = 100;
/** More are no traffic of a health service, and each costs memory. */
const MOST_CONNECTIONS = 4_096;
const FEWEST_CONNECTIONS = 16;

/** The soft limit; Node has raised it to the hard one at its start. */
export function descriptorLimit(file = '/proc/self/limits'): number {
  try {
    const [, soft] = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync(file, 'latin1')) ?? [];
    if (soft === 'unlimited') return Number.MAX_SAFE_INTEGER;
    return soft === undefined ? DEFAULT_LIMIT : Number(soft);
  } catch {
    return DEFAULT_LIMIT;
  }
}

/** What the limit of descriptors leaves when `reserved` and our own are taken off. */
export function connectionsBeside(reserved: number): number {
  const left = descriptorLimit() - RESERVED_DESCRIPTORS - reserved;
  return Math.max(FEWEST_CONNECTIONS, Math.min(MOST_CONNECTIONS, left));
}
