/**
 * How many descriptors this process may have open: each connection takes one, and so does each file and each store.
 */
import { readFileSync } from 'node:fs';

/** Where the limit cannot be read: what most systems give to a program that asks for nothing. */
const DEFAULT_LIMIT = 1_024;

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
