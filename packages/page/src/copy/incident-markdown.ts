/** An incident as Markdown, for whoever writes about it afterwards. Pure. */
import type { IncidentDetailDocument, IncidentDocument } from 'portal-server/api';
import { incidentTitle, lastedMs } from './incident.js';
import { exactDuration, utc } from './time.js';

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
