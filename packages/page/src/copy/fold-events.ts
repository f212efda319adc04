/** Events that repeat each other, starts of the service and a status that comes and goes, as one row. Pure. */
import type { EventDocument } from 'portal-server/api';

/** What lasts longer, in milliseconds, is an event of its own to whoever reads the list. */
const SHORT_MS = 5 * 60_000;
/** Fewer are read as quickly as counted. */
const FEWEST = 4;

/** One, or several that follow each other; the latest first. */
export type EventRow = readonly [EventDocument, ...EventDocument[]];

/** @param events - the latest first */
export function foldEvents(events: readonly EventDocument[]): readonly EventRow[] {
  const rows: [EventDocument, ...EventDocument[]][] = [];
  for (const event of events) {
    const row = rows.at(-1);
    if (row && repeats(event, row)) row.push(event);
    else rows.push([event]);
  }
  return rows.flatMap((row): readonly EventRow[] =>
    row.length < FEWEST ? row.map((event) => [event]) : [row],
  );
}

function repeats(event: EventDocument, [first, ...others]: EventRow): boolean {
  if (event.kind !== first.kind) return false;
  // Another version is news.
  if (event.kind === 'service') return event.details['version'] === first.details['version'];
  if (event.kind !== 'status' || ![event, first].every(isShort)) return false;
  const unwell = [first, ...others].find(({ to }) => to !== 'healthy');
  return event.to === 'healthy' || unwell === undefined || likeness(event) === likeness(unwell);
}

function isShort({ began_at: from, ended_at: to }: EventDocument): boolean {
  return to !== null && Date.parse(to) - Date.parse(from) <= SHORT_MS;
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
