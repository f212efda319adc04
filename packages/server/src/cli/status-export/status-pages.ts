/**
 * The files of a status page, from what anybody may know of the public services. Plain HTML without a script, so that any
 * web server or CDN can serve it for years.
 */
import type { PublicServicesDocument } from '../../api/public-services-schema.js';
import { badge } from './badge.js';
import { feed } from './feed.js';
import { html } from './html.js';
import { slugOf, worstOf, type PagesOptions } from './shared.js';

export interface PublicFile {
  readonly name: string;
  readonly text: string;
}

/** All that belongs together, each whole. */
export function statusPages(known: PublicServicesDocument, options: PagesOptions): readonly PublicFile[] {
  const document = options.silentSince === null ? known : unknownNow(known, options.silentSince);
  const badges = document.services.map((service) => ({
    name: `badge-${slugOf(service.name)}.svg`,
    text: badge(service.name, service.status),
  }));
  return [
    { name: 'index.html', text: html(document, options) },
    { name: 'feed.xml', text: feed(document, options) },
    { name: 'status.json', text: `${JSON.stringify(document, null, 2)}\n` },
    { name: 'badge.svg', text: badge(options.title, worstOf(document.services.map(({ status }) => status))) },
    ...badges,
  ];
}

/** What was known stays, but nothing of it is how things are now. */
function unknownNow(known: PublicServicesDocument, silentSince: number): PublicServicesDocument {
  const since = new Date(silentSince).toISOString();
  return {
    ...known,
    services: known.services.map((service) => ({
      ...service,
      status: 'unknown',
      sentence: 'It is not known whether it works.',
      since,
    })),
  };
}
