/**
 * How the instances of one database take turns at asking it. Nobody counts them: who finds again and again that another has
 * asked is one of many, waits for longer, and once it is its turn keeps it for two questions over one connection, of which
 * the second costs the server a fraction of the first.
 */

export interface Turn {
  /** Whether to keep the others from asking until we have asked twice. */
  readonly isLong: boolean;
  /** How many times as long as alone we wait with our own next one. */
  readonly wait: number;
}

export interface Turns {
  /** Another instance has asked; returns how many times as long as alone we wait with our next try. */
  missed(): number;
  /** Ours. */
  begin(): Turn;
}

/** With two instances that is rare, and each still has a turn whenever it is due. */
const MANY = 2;
/** Fifty instances in trouble then try once in two seconds together, and each one of three within twice its time. */
const WAITS = [1, 2, 6, 12] as const;

export function createTurns(): Turns {
  let missed = 0;
  const wait = (): number => WAITS[Math.min(missed, WAITS.length) - 1] ?? 1;
  return {
    missed() {
      missed += 1;
      return wait();
    },
    begin() {
      const isLong = missed >= MANY;
      // They do not go away with our turn; if they have, it is noticed after a few.
      missed = Math.floor(missed / 2);
      return { isLong, wait: isLong ? wait() : 0 };
    },
  };
}
