/**
 * Reads this process in the background, in turns, and keeps a minute of readings.
 */
import type { Look, ReasonSource } from '../sighting.js';
import { createProcessReader, type ProcessReaderOptions, type ProcessReading } from './process-reading.js';
import { sightProcess } from './process-sightings.js';

export interface ProcessSourceOptions extends ProcessReaderOptions {
  /** Milliseconds between two readings: else, and while something is amiss. */
  readonly everyMs: number;
  readonly whileTroubledMs: number;
  readonly isTroubled: () => boolean;
  /** Milliseconds between two looks at whether a reading is due; default 1,000. */
  readonly tickMs?: number;
}

export interface ProcessSource extends ReasonSource {
  start(): void;
}

/** Two minutes at the faster pace. */
const MOST_READINGS = 25;
const TICK_MS = 1_000;

/** Nothing is read before `start()`. */
export function createProcessSource({
  everyMs,
  whileTroubledMs,
  isTroubled,
  tickMs = TICK_MS,
  ...options
}: ProcessSourceOptions): ProcessSource {
  let reader: ReturnType<typeof createProcessReader> | undefined;
  let readings: readonly ProcessReading[] = [];
  let look: Look | undefined;
  let timer: NodeJS.Timeout | undefined;

  function read(): void {
    if (!reader) return;
    readings = [...readings, reader.read()].slice(-MOST_READINGS);
    const at = new Date();
    look = { atMs: performance.now(), at, sightings: sightProcess(readings, at.getTime()) };
  }

  /** At once after a block of the event loop: what it explains is soon over. */
  function isDue(): boolean {
    if (look === undefined) return true;
    const agoMs = performance.now() - look.atMs;
    const isBlocked = (options.blocks().at(-1)?.endedAtMs ?? 0) > look.atMs;
    if (isBlocked || agoMs >= everyMs) return true;
    return agoMs >= whileTroubledMs && (look.sightings.length > 0 || isTroubled());
  }

  return {
    name: 'process',
    needs: 2,
    start() {
      if (reader) return;
      reader = createProcessReader(options);
      read();
      timer = setInterval(() => isDue() && read(), tickMs);
      timer.unref();
    },
    latest: () => look,
    async close() {
      clearInterval(timer);
      reader?.close();
      reader = undefined;
    },
  };
}
