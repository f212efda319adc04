/** Past troubles as an Atom feed (RFC 4287), for readers and chat rooms. */
import type { PublicServicesDocument } from '../../api/public-services-schema.js';
import { escaped } from './escaped.js';
import type { PagesOptions } from './shared.js';

/** In a reader nobody goes further back. */
const MOST_ENTRIES = 50;
/** RFC 4151: a date on which the authority was ours, and nobody else's. */
const TAG = 'tag:portal-health.invalid,2026';

export function feed(
  { services, updated_at: updatedAt }: PublicServicesDocument,
  { title, site, nowMs }: Pick<PagesOptions, 'title' | 'site' | 'nowMs'>,
): string {
  const entries = services
    .flatMap(({ name, outages }) => outages.map((outage) => ({ name, ...outage })))
    .toSorted((one, other) => Date.parse(other.from) - Date.parse(one.from))
    .slice(0, MOST_ENTRIES);
  const changed = entries.map(({ from, to }) => to ?? from).toSorted();
  const links = (rel: string, file: string): string =>
    site === null ? '' : `  <link rel="${rel}" href="${escaped(new URL(file, site).href)}"/>\n`;
  return `<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
  <id>${TAG}:${escaped(encodeURIComponent(site ?? title))}</id>
  <title>${escaped(title)}</title>
  <updated>${changed.at(-1) ?? updatedAt ?? new Date(nowMs).toISOString()}</updated>
  <author><name>${escaped(title)}</name></author>
${links('self', 'feed.xml')}${links('alternate', '')}${entries.map((entry) => entryOf(entry, links)).join('')}</feed>
`;
}

interface Entry {
  readonly name: string;
  readonly from: string;
  readonly to: string | null;
  readonly worst: string;
  readonly sentence: string;
}

function entryOf(
  { name, from, to, worst, sentence }: Entry,
  links: (rel: string, file: string) => string,
): string {
  const words = to === null ? `${sentence} It goes on.` : `${sentence} It lasted from ${from} to ${to}.`;
  return `  <entry>
    <id>${TAG}:${escaped(encodeURIComponent(name))}/${from}</id>
    <title>${escaped(`${name}: ${worst}`)}${to === null ? '' : ', over'}</title>
    <published>${from}</published>
    <updated>${to ?? from}</updated>
  ${links('alternate', '')}    <content type="text">${escaped(words)}</content>
  </entry>
`;
}
