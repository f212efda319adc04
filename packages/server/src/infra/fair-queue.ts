/**
 * Those who wait, in turns: each key has a row of its own and one turn after the other, so whoever comes with many is
 * waited for by nobody else. Bounded in number; who comes when it is full takes the place of the last of the longest row.
 */

/** Rows of those who wait. */
export interface FairQueue<Waiting> {
  readonly size: number;
  /** Takes a place at the end of the row of `key`. Gives back who has to leave for it: another, the newcomer, or nobody. */
  add(key: string, waiting: Waiting): Waiting | undefined;
  /** Up to `most`, one of each row in turn; they wait no longer. */
  take(most: number): Waiting[];
}

/** How many wait. */
export interface FairQueueOptions {
  /** In all rows together. */
  readonly most: number;
  /** In one row. */
  readonly mostPerKey: number;
}

/** Nobody waits yet. */
export function createFairQueue<Waiting>({
  most,
  mostPerKey: mostOfOne,
}: FairQueueOptions): FairQueue<Waiting> {
  /** In the order of their turns. */
  const rows = new Map<string, Waiting[]>();
  let size = 0;

  function longestRow(): Waiting[] {
    return [...rows.values()].reduce((longest, row) => (row.length > longest.length ? row : longest), []);
  }

  return {
    get size() {
      return size;
    },
    add(key, waiting) {
      const row = rows.get(key) ?? [];
      if (row.length >= mostOfOne) return waiting;
      let gone: Waiting | undefined;
      if (size >= most) {
        const longest = longestRow();
        if (longest.length <= row.length + 1) return waiting;
        gone = longest.pop();
        size -= 1;
      }
      row.push(waiting);
      size += 1;
      rows.set(key, row);
      return gone;
    },
    take(count) {
      const taken: Waiting[] = [];
      // A row that is put back stands at the end, and has its next turn when this comes to it.
      for (const [key, row] of rows) {
        if (taken.length >= count) break;
        rows.delete(key);
        const first = row.shift();
        if (first === undefined) continue;
        taken.push(first);
        if (row.length > 0) rows.set(key, row);
      }
      size -= taken.length;
      return taken;
    },
  };
}
