/** Incidents that came and went again and again, as one row. Pure. */
import type { IncidentDocument } from 'portal-server/api';

/** What lasts longer, or comes back later, in milliseconds, is an incident of its own to whoever reads the list. */
const SHORT_MS = 15 * 60_000;
const SOON_MS = 3_600_000;

/** One or more about the same with the same causes, one after the other; the latest first. */
export type IncidentRow = readonly [IncidentDocument, ...IncidentDocument[]];

/** @param incidents - that ended, the latest first */
export function foldIncidents(incidents: readonly IncidentDocument[]): readonly IncidentRow[] {
  const rows: [IncidentDocument, ...IncidentDocument[]][] = [];
  for (const incident of incidents) {
    const row = rows.at(-1);
    const later = row?.at(-1);
    if (row && later && isFlap(incident, later)) row.push(incident);
    else rows.push([incident]);
  }
  return rows;
}

function isFlap(earlier: IncidentDocument, later: IncidentDocument): boolean {
  if (earlier.ended_at === null || likeness(earlier) !== likeness(later)) return false;
  const isShort = [earlier, later].every(
    ({ began_at: from, ended_at: to }) => to !== null && Date.parse(to) - Date.parse(from) <= SHORT_MS,
  );
  return isShort && Date.parse(later.began_at) - Date.parse(earlier.ended_at) <= SOON_MS;
}

function likeness({ kind, service, shared, causes }: IncidentDocument): string {
  const codes = [...new Set(causes.map(({ code }) => code))].toSorted();
  return JSON.stringify([kind, service, shared, codes]);
}
