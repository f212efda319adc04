/** Events that repeat each other, starts of the service and a status that comes and goes, as one row. Pure. */
import type { EventDocument } from 'portal-server/api';

/** What lasts longer, in milliseconds, is an event of its own to whoever reads the list. */
const SHORT_MS = 5 * 60_000;
/** Fewer are read as quickly as counted. */
const FEWEST = 5;

/** One, or several that follow each other; the latest first. */
export type EventRow = readonly [EventDocument, ...EventDocument[]];

/** @param events - the latest first */
export function foldEvents(events: readonly EventDocument[]): readonly EventRow[] {
  const rows: [EventDocument, ...EventDocument[]][] = [];
  for (const [index, event] of events.entries()) {
    const row = rows.at(-1);
    if (row && repeats(event, row, events[index + 1])) row.push(event);
    else rows.push([event]);
  }
  return rows.flatMap((row): readonly EventRow[] =>
    row.length < FEWEST ? row.map((event) => [event]) : [row],
  );
}

/** @param earlier - the event before it, if there is one */
function repeats(event: EventDocument, row: EventRow, earlier: EventDocument | undefined): boolean {
  const [first] = row;
  if (event.kind !== first.kind) return false;
  // Another version is news.
  if (event.kind === 'service') return event.details['version'] === first.details['version'];
  if (event.kind !== 'status' || ![event, first].every(mayRepeat)) return false;
  const unwell = row.find(({ to }) => to !== 'healthy');
  // A short recovery belongs to what it is a recovery from.
  const ofWhat = event.to === 'healthy' ? earlier : event;
  return unwell === undefined || ofWhat?.kind !== 'status' || likeness(ofWhat) === likeness(unwell);
}

/** An outage is no flap, however short it was. */
function mayRepeat({ began_at: from, ended_at: until, to }: EventDocument): boolean {
  return to !== 'unhealthy' && until !== null && Date.parse(until) - Date.parse(from) <= SHORT_MS;
}

function likeness({ to, codes }: EventDocument): string {
  return JSON.stringify([to, codes.toSorted()]);
}

/** Of a folded row: `Healthy ↔ degraded, 6 times`, `Service: started 5 times`. */
export function rowWords(row: EventRow): string {
  const [first] = row;
  if (first.kind === 'service') return `Service: started ${row.length} times`;
  const unwell = row.filter(({ to }) => to !== 'healthy');
  return `Healthy ↔ ${unwell[0]?.to ?? 'not measured'}, ${Math.max(1, unwell.length)} times`;
}
