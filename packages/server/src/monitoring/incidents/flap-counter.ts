/**
 * Tells a service that changes to and fro from one that is unwell: each change by itself would be a message.
 */
export interface FlapCounter {
  /** To be called with every known state. @returns whether the service flaps */
  observe(service: string, isUnwell: boolean, at: number): boolean;
  isFlapping(service: string): boolean;
}

/** Changes within `WINDOW_MS` that are tolerated. */
const TOLERATED = 5;
const WINDOW_MS = 15 * 60_000;

interface Flaps {
  isUnwell: boolean;
  isFlapping: boolean;
  changes: number[];
}

/**
 * @param begins - changes before this run of the watcher, by service
 * @param flapping - services that flapped when it ended
 */
export function createFlapCounter(
  begins: ReadonlyMap<string, readonly number[]>,
  flapping: ReadonlySet<string>,
): FlapCounter {
  const all = new Map<string, Flaps>();

  function flapsOf(service: string, isUnwell: boolean): Flaps {
    let flaps = all.get(service);
    if (!flaps) {
      const changes = [...(begins.get(service) ?? [])];
      flaps = { isUnwell, isFlapping: flapping.has(service), changes };
      all.set(service, flaps);
    }
    return flaps;
  }

  return {
    observe(service, isUnwell, at) {
      const flaps = flapsOf(service, isUnwell);
      if (flaps.isUnwell !== isUnwell) flaps.changes.push(at);
      flaps.isUnwell = isUnwell;
      flaps.changes = flaps.changes.filter((ms) => at - ms < WINDOW_MS);
      if (flaps.changes.length > TOLERATED) flaps.isFlapping = true;
      else if (flaps.changes.length === 0) flaps.isFlapping = false;
      return flaps.isFlapping;
    },
    isFlapping: (service) => all.get(service)?.isFlapping ?? flapping.has(service),
  };
}
