/**
 * Reads this process in the background, in turns, and keeps a minute of readings.
 */
import type { Look, ReasonSource } from '../sighting.js';
import { createProcessReader, type ProcessReaderOptions, type ProcessReading } from './process-reading.js';
import { sightProcess } from './process-sightings.js';

export interface ProcessSourceOptions extends ProcessReaderOptions {
  /** Milliseconds between two readings: while something is amiss, and else. */
  readonly paceMs: () => number;
}

export interface ProcessSource extends ReasonSource {
  start(): void;
}

/** Two minutes at the faster pace. */
const MOST_READINGS = 25;

/** Nothing is read before `start()`. */
export function createProcessSource({ paceMs, ...options }: ProcessSourceOptions): ProcessSource {
  let reader: ReturnType<typeof createProcessReader> | undefined;
  let readings: readonly ProcessReading[] = [];
  let look: Look | undefined;
  let timer: NodeJS.Timeout | undefined;

  function read(): void {
    if (!reader) return;
    readings = [...readings, reader.read()].slice(-MOST_READINGS);
    const at = new Date();
    look = { atMs: performance.now(), at, sightings: sightProcess(readings, at.getTime()) };
    timer = setTimeout(read, paceMs());
    timer.unref();
  }

  return {
    name: 'process',
    needs: 2,
    start() {
      if (reader) return;
      reader = createProcessReader(options);
      read();
    },
    latest: () => look,
    async close() {
      clearTimeout(timer);
      reader?.close();
      reader = undefined;
    },
  };
}
