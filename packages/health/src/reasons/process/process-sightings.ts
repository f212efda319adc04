/**
 * What readings of this process show. Pure: readings of about a minute in, the oldest first; what the last one shows out.
 */
import type { ConnectionReading } from '../../probes/connection-readings.js';
import { THREADS_BUSY_MS } from '../../probes/thread-trial.js';
import type { Figures, Sighting } from '../sighting.js';
import type { ProcessReading } from './process-reading.js';

/** Fractions of a limit from which on it is near. */
const NEAR = 0.9;
/** Collections of the whole heap that have to show it. */
const HEAP_READINGS = 3;
const THROTTLED_FRACTION = 0.25;
/** The longest time between two readings; the throttling is that of a minute. */
const MINUTE_MS = 60_000;
const LEAST_WINDOW_MS = 55_000;
const CERTIFICATE_DAYS = 14;
const SERIOUS_DAYS = 3;
const DAY_MS = 86_400_000;
const LOOK_UP_SLOW_MS = 500;

/** @param wallMs - now, in milliseconds since 1970: certificates end by the calendar */
export function sightProcess(readings: readonly ProcessReading[], wallMs: number): readonly Sighting[] {
  const last = readings.at(-1);
  if (!last) return [];
  return [
    ...sightLoop(last),
    ...sightThreads(last),
    ...sightHeap(readings),
    ...sightMemory(last),
    ...sightThrottling(readings),
    ...sightDescriptors(last),
    ...last.connections.flatMap((connection) => sightCertificate(connection, wallMs)),
    ...last.connections.flatMap(sightLookUp),
  ];
}

function ofProcess(code: Sighting['code'], figures: Figures): readonly Sighting[] {
  return [{ code, component: null, figures }];
}

function sightLoop({ loop: { blocks, longest } }: ProcessReading): readonly Sighting[] {
  if (longest === null) return [];
  return ofProcess('EVENT_LOOP_DELAYED', {
    blocks,
    longest_ms: Math.round(longest.lateMs),
    cpu_percent: percentOf(longest.cpuMs, longest.lateMs),
    waited_percent: longest.waitedMs === null ? null : percentOf(longest.waitedMs, longest.lateMs),
  });
}

function sightThreads({ threads: { size, waitedMs } }: ProcessReading): readonly Sighting[] {
  if (waitedMs < THREADS_BUSY_MS) return [];
  return ofProcess('THREAD_POOL_BUSY', { threads: size, waited_ms: Math.round(waitedMs) });
}

/** Readings without a collection show nothing, but for one in which even all the garbage leaves enough. */
function sightHeap(readings: readonly ProcessReading[]): readonly Sighting[] {
  let seen = 0;
  let figures: Figures = {};
  for (const { heap } of readings) {
    const { usedAfterGcBytes, usedBytes, limitBytes } = heap;
    if (usedBytes < limitBytes * NEAR) seen = 0;
    else if (usedAfterGcBytes !== null) {
      seen = usedAfterGcBytes < limitBytes * NEAR ? 0 : seen + 1;
      figures = nearLimit(usedAfterGcBytes, limitBytes);
    }
  }
  return seen >= HEAP_READINGS ? ofProcess('HEAP_NEAR_LIMIT', figures) : [];
}

function sightMemory({ memory }: ProcessReading): readonly Sighting[] {
  if (memory === null || memory.usedBytes < memory.limitBytes * NEAR) return [];
  return ofProcess('MEMORY_NEAR_LIMIT', nearLimit(memory.usedBytes, memory.limitBytes));
}

function nearLimit(used: number, limit: number): Figures {
  return { used_percent: percentOf(used, limit), used_bytes: used, limit_bytes: limit };
}

/** Over a minute, and only with an event loop that was late in it: being held back hurts nobody who had nothing to do. */
function sightThrottling(readings: readonly ProcessReading[]): readonly Sighting[] {
  const last = readings.at(-1);
  if (!last?.throttling) return [];
  const before = readings.findLast(({ atMs }) => last.atMs - atMs >= LEAST_WINDOW_MS);
  if (!before?.throttling || last.atMs - before.atMs > 2 * MINUTE_MS) return [];
  if (!readings.some(({ atMs, loop }) => atMs > before.atMs && loop.longest !== null)) return [];
  const periods = last.throttling.periods - before.throttling.periods;
  const throttled = last.throttling.throttled - before.throttling.throttled;
  // A process that was moved to another group begins anew.
  if (periods <= 0 || throttled < periods * THROTTLED_FRACTION) return [];
  return ofProcess('CPU_THROTTLED', {
    throttled_percent: percentOf(throttled, periods),
    throttled_ms: Math.round(last.throttling.throttledMs - before.throttling.throttledMs),
  });
}

function sightDescriptors({ descriptors }: ProcessReading): readonly Sighting[] {
  if (descriptors === null || descriptors.open < descriptors.limit * NEAR) return [];
  const { open, limit } = descriptors;
  return ofProcess('DESCRIPTORS_NEAR_LIMIT', { used: open, max: limit });
}

function sightCertificate(
  { type, component, certificateEndsAtMs }: ConnectionReading,
  wallMs: number,
): readonly Sighting[] {
  if (certificateEndsAtMs === null) return [];
  const leftMs = certificateEndsAtMs - wallMs;
  if (leftMs > CERTIFICATE_DAYS * DAY_MS) return [];
  const level = leftMs <= SERIOUS_DAYS * DAY_MS ? 'serious' : 'warning';
  const figures = { days_left: Math.floor(leftMs / DAY_MS), of: type, level };
  return [{ code: 'CERTIFICATE_ENDS', component, figures }];
}

function sightLookUp({ type, component, lookUpMs, lookUpError }: ConnectionReading): readonly Sighting[] {
  if (lookUpError === null && (lookUpMs === null || lookUpMs < LOOK_UP_SLOW_MS)) return [];
  const took = lookUpMs === null ? null : Math.round(lookUpMs);
  return [{ code: 'NAME_LOOKUP', component, figures: { took_ms: took, error: lookUpError, of: type } }];
}

/** A whole number; never more than was there. */
function percentOf(part: number, whole: number): number {
  return whole <= 0 ? 0 : Math.min(100, Math.round((part / whole) * 100));
}
