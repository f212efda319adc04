/**
 * Who is at the head of a queue for locks: the session that waits for nobody itself.
 */
import type { LockLink } from './activity-answer.js';

/** A session, or 0 for a prepared transaction, and how many of those that were asked wait for it in the end. */
export interface LockHead {
  readonly pid: number;
  readonly waiters: number;
}

/** Longer chains have not been seen, and one that changes while it is read has no end. */
const MOST_HOPS = 16;
const MOST_HEADS = 8;

/** The heads, those with most waiters first, then the smallest pid. Sessions that wait for each other have none. */
export function headsOf(links: readonly LockLink[]): readonly LockHead[] {
  const blockersOf = new Map<number, readonly number[]>();
  for (const { pid, blockers } of links) {
    // Asked twice, the locks may have moved in between: the first reading belongs to the others.
    if (!blockersOf.has(pid)) blockersOf.set(pid, blockers);
  }
  const waitersOf = new Map<number, number>();
  for (const [pid, blockers] of blockersOf) {
    if (blockers.length === 0) continue;
    for (const head of headsBefore(pid, blockersOf)) waitersOf.set(head, (waitersOf.get(head) ?? 0) + 1);
  }
  return [...waitersOf]
    .map(([pid, waiters]) => ({ pid, waiters }))
    .toSorted((a, b) => b.waiters - a.waiters || a.pid - b.pid)
    .slice(0, MOST_HEADS);
}

function headsBefore(
  waiter: number,
  blockersOf: ReadonlyMap<number, readonly number[]>,
): ReadonlySet<number> {
  const seen = new Set([waiter]);
  const heads = new Set<number>();
  let front: readonly number[] = [waiter];
  for (let hop = 0; hop < MOST_HOPS && front.length > 0; hop += 1) {
    const next: number[] = [];
    for (const pid of front.flatMap((one) => blockersOf.get(one) ?? [])) {
      if (seen.has(pid)) continue;
      seen.add(pid);
      if ((blockersOf.get(pid) ?? []).length === 0) heads.add(pid);
      else next.push(pid);
    }
    front = next;
  }
  return heads;
}
