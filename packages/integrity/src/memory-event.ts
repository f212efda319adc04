/**
 * What a look into memory means for what is known of the source. Pure, but for the time.
 */
import type { LoadedFigures } from './loaded/figures.js';
import type { SourceSnapshot } from './state.js';
import { wholeSeconds } from './times.js';
import { eventWithoutChanges, MAX_CHANGES, type SourceEvent } from './watch/source-event.js';

const EVENTS_KEPT = 20;

type Changes = Pick<SourceSnapshot, 'loaded'> &
  Partial<Pick<SourceSnapshot, 'loadedDiffersSince' | 'memoryEvents'>>;

/** An event for scripts that no look before has found. */
export function noteLoaded(
  loaded: LoadedFigures,
  { loadedDiffersSince, memoryEvents, boot }: SourceSnapshot,
): { readonly changes: Changes; readonly event: SourceEvent | undefined } {
  const told = new Set(memoryEvents.flatMap((event) => event.loaded));
  const found = [...loaded.different, ...loaded.unknown].filter((path) => !told.has(path));
  if (found.length === 0 || !boot) return { changes: { loaded }, event: undefined };
  const at = new Date();
  const time = wholeSeconds(at);
  const event: SourceEvent = {
    ...eventWithoutChanges('loaded', time, time, boot.result.hash),
    loaded: found.slice(0, MAX_CHANGES),
  };
  return {
    changes: {
      loaded,
      loadedDiffersSince: loadedDiffersSince ?? at,
      memoryEvents: [event, ...memoryEvents].slice(0, EVENTS_KEPT),
    },
    event,
  };
}
