/**
 * Work that is done one piece after the other, however many ask for it: so it takes one connection of the pool, and a
 * database that hangs cannot take more.
 */
import { PortalError } from '../errors.js';

/** Pieces of work in a row. */
export interface TaskQueue {
  /**
   * Does `work` when its turn has come.
   *
   * @throws PortalError of the kind `unavailable` when its turn does not come in time, or too many are waiting
   */
  run<Result>(work: () => Promise<Result>): Promise<Result>;
}

/** How patient a lane is. */
export interface TaskQueueOptions {
  /** Most that wait. */
  readonly most: number;
  /** Milliseconds that one waits. */
  readonly waitMs: number;
}

/** An empty lane. */
export function createTaskQueue({ most, waitMs }: TaskQueueOptions): TaskQueue {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;

  return {
    async run(work) {
      if (waiting >= most) throw new PortalError('unavailable');
      waiting += 1;
      const cameMs = performance.now();
      const before = last;
      async function inTurn() {
        await before.catch(() => undefined);
        waiting -= 1;
        if (performance.now() - cameMs > waitMs) throw new PortalError('unavailable');
        return work();
      }
      const turn = inTurn();
      last = turn;
      return turn;
    },
  };
}
