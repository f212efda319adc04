/** An incident in words: what it is about, and as Markdown for whoever writes about it afterwards. Pure. */
import type { IncidentDetailDocument, IncidentDocument } from 'portal-server/api';
import type { DisplayStatus } from './headline.js';
import { exactDuration, utc } from './time.js';

export const KINDS: Readonly<Record<IncidentDocument['kind'], string>> = {
  health: 'not well',
  instances: 'too few instances',
  source: 'the source differs',
  flapping: 'changes to and fro',
  discovery: 'instances are not discovered',
  cause: 'a common cause',
  blind: 'the watcher cannot see',
};

export function isKind(text: string): text is IncidentDocument['kind'] {
  return Object.hasOwn(KINDS, text);
}

/** `orders: not well`. */
export function incidentTitle({ kind, service, shared, services }: Titled): string {
  if (kind === 'cause') return `${services.join(', ')}: a common cause, ${shared}`;
  return service === null ? `The fleet: ${KINDS[kind]}` : `${service}: ${KINDS[kind]}`;
}

type Titled = Pick<IncidentDocument, 'kind' | 'service' | 'shared' | 'services'>;

/** Now, while it is open; else at its worst. */
export function shownStatus({ status, worst, ended_at: ended }: IncidentDocument): DisplayStatus {
  return ended === null ? status : worst;
}

export function lastedMs({ began_at: began, ended_at: ended }: IncidentDocument, nowMs: number): number {
  return (ended === null ? nowMs : Date.parse(ended)) - Date.parse(began);
}

/** From when to when, in milliseconds. */
export interface Frame {
  readonly fromMs: number;
  readonly toMs: number;
}

const LEAST_BEFORE_MS = 5 * 60_000;
const MOST_BEFORE_MS = 6 * 3_600_000;

/** The time of an incident with what was before it and after it, half as long as it is, so that its begin and end are seen. */
export function frameAround(incident: IncidentDocument, nowMs: number): Frame {
  const fromMs = Date.parse(incident.began_at);
  const toMs = fromMs + lastedMs(incident, nowMs);
  const marginMs = Math.min(MOST_BEFORE_MS, Math.max(LEAST_BEFORE_MS, (toMs - fromMs) / 2));
  return { fromMs: fromMs - marginMs, toMs: Math.min(nowMs, toMs + marginMs) };
}

/** @param sentenceOf - of a code */
export function incidentMarkdown(
  { incident, alerts, notes }: IncidentDetailDocument,
  sentenceOf: (code: string) => string,
  nowMs: number,
): string {
  const { began_at: began, ended_at: ended, causes, services, instances } = incident;
  const time = (iso: string): string => utc(Date.parse(iso));
  return [
    `# ${incidentTitle(incident)}`,
    '',
    `- Began: ${time(began)}`,
    `- Ended: ${ended === null ? 'not yet' : time(ended)}`,
    `- Lasted: ${exactDuration(lastedMs(incident, nowMs))}`,
    `- At worst: ${incident.worst}`,
    ...(services.length > 0 ? [`- Services: ${services.join(', ')}`] : []),
    ...(instances.length > 0 ? [`- Instances: ${instances.map(instanceName).join(', ')}`] : []),
    `- Id: ${incident.id}`,
    ...section(
      'Causes',
      causes.map(
        ({ code, began_at: from, ended_at: to, ...where }) =>
          `- ${time(from)} to ${to === null ? 'now' : time(to)}: ${sentenceOf(code)} (${code})${placeOf(where)}`,
      ),
    ),
    ...section(
      'Who was told',
      alerts.map(
        ({ at, receiver, transition, state }) => `- ${time(at)}: ${receiver}, ${transition}, ${state}`,
      ),
    ),
    ...section(
      'Notes',
      (notes ?? []).map(
        ({ at, author, text }) => `- ${time(at)}, ${author}: ${text.replaceAll('\n', '\n  ')}`,
      ),
    ),
    '',
  ].join('\n');
}

function section(heading: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', `## ${heading}`, '', ...lines];
}

/** `orders 10.0.3.7:8080`. */
export function instanceName({ service, instance }: IncidentDocument['instances'][number]): string {
  return `${service} ${instance}`;
}

function placeOf({
  service,
  instance,
}: {
  readonly service: string | null;
  readonly instance: string | null;
}): string {
  const names = [service, instance].filter((name) => name !== null);
  return names.length === 0 ? '' : `, ${names.join(' ')}`;
}
