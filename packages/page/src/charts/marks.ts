/** What happened to the service, as upright lines in the charts. Pure. */
import type { EventDocument, IncidentDocument } from 'portal-server/api';
import { KINDS } from '../copy/incident.js';

export interface ChartMark {
  readonly atMs: number;
  readonly letter: 'R' | 'V' | 'S' | 'I' | 'B' | 'E';
  readonly words: string;
}

/** What the letters mean, in the order in which they are explained. */
export const MARK_WORDS: Readonly<Record<ChartMark['letter'], string>> = {
  V: 'another version',
  R: 'a start of the service',
  S: 'the source changed',
  I: 'an incident begins',
  B: 'the incident begins',
  E: 'the incident ends',
};

/** @param events - of the kinds `service` and `integrity`, the latest first */
export function marksOf(events: readonly EventDocument[]): readonly ChartMark[] {
  const runs = events.filter(({ kind }) => kind === 'service');
  return events.flatMap((event): readonly ChartMark[] => {
    const atMs = Date.parse(event.began_at);
    if (event.kind === 'integrity') return [{ atMs, letter: 'S', words: `source ${event.to ?? 'changed'}` }];
    if (event.kind !== 'service') return [];
    const before = runs[runs.indexOf(event) + 1];
    const version = event.details['version'];
    const isRelease = before !== undefined && before.details['version'] !== version;
    return isRelease
      ? [{ atMs, letter: 'V', words: `version ${String(version)}` }]
      : [{ atMs, letter: 'R', words: 'start of the service' }];
  });
}

/** Where incidents began. */
export function incidentMarks(
  incidents: readonly Pick<IncidentDocument, 'began_at' | 'kind'>[],
): readonly ChartMark[] {
  return incidents.map(({ began_at: began, kind }) => ({
    atMs: Date.parse(began),
    letter: 'I',
    words: `incident: ${KINDS[kind]}`,
  }));
}

/** Of the marks that the pointer is at: within a hundredth of what is shown. */
export function nearWords(
  marks: readonly ChartMark[],
  atMs: number,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): string {
  const near = marks.filter((mark) => Math.abs(mark.atMs - atMs) <= (toMs - fromMs) / 100);
  return near.map(({ words }) => `, ${words}`).join('');
}
