/**
 * Whether to ask a store at all. A store that hangs must cost a request neither time nor a connection, so one that its
 * probe calls down is not asked; and between a first silence and the next word of the probe, a request that has
 * another way of knowing does not wait for it again.
 */

/**
 * - `ask`: it answers, as far as anybody knows.
 * - `spare`: it was silent a moment ago; ask it only when nothing else knows.
 * - `down`: its probe says so; do not ask.
 */
export type Advice = 'ask' | 'spare' | 'down';

/** The circuit in front of one store. */
export interface Circuit {
  /** What to do now. After a rest, one caller is told to `ask` and the others go on sparing the store until it knows. */
  advice(): Advice;
  answered(): void;
  /** @returns whether that is news */
  silent(): boolean;
}

/** How long a silent store is spared before somebody tries again. */
const REST_MS = 1_000;

/** @param isDown - whether the probe of the store says that it is down */
export function createCircuit(isDown: () => boolean, now: () => number = () => performance.now()): Circuit {
  let restsUntilMs: number | undefined;
  return {
    advice() {
      if (isDown()) return 'down';
      if (restsUntilMs === undefined) return 'ask';
      if (now() < restsUntilMs) return 'spare';
      restsUntilMs = now() + REST_MS;
      return 'ask';
    },
    answered() {
      restsUntilMs = undefined;
    },
    silent() {
      const news = restsUntilMs === undefined;
      restsUntilMs = now() + REST_MS;
      return news;
    },
  };
}
