/**
 * The operator's page: one document for each of its views, since a view is an address that a colleague may open, and
 * the files it is made of. It has the public verdict in it; whatever else it shows it requests from the API, as any client would.
 */
import { defineFixedRoute } from './fixed-route.js';
import type { Route } from './route.js';
import { readSite, type SiteOptions } from './site.js';
import { publicStatusDocument } from './status.js';
import { createVerdictDocument } from './verdict-document.js';

/** Its views. What is looked at within one, and for which time, stands in the query, which the page itself reads. */
const VIEWS = [
  '/',
  '/fleet',
  '/now',
  '/incidents',
  '/incidents/{id}',
  '/alerts',
  '/events',
  '/integrity',
  '/sessions',
  '/audit',
];

/** Only what we serve may run, be shown and be asked; nobody may frame it. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Without a built page there are none, and its addresses are not found; the API goes on as ever. */
export async function readPageRoutes(options: SiteOptions): Promise<readonly Route[]> {
  const site = await readSite(options);
  const documents = { page: site.get('/index.html'), deeper: site.get('/deeper.html') };
  const files = [...site].filter(([path]) => !path.endsWith('.html'));
  const views = VIEWS.flatMap((path) => {
    const built = path.lastIndexOf('/') === 0 ? documents.page : documents.deeper;
    if (!built) return [];
    const documentOf = createVerdictDocument(built);
    return [
      defineFixedRoute({
        path,
        // A kept verdict would be shown again by whoever goes back.
        cache: 'noStorePublic',
        contentPolicy: POLICY,
        find: (services) => documentOf(publicStatusDocument(services)),
      }),
    ];
  });
  return [
    ...files.map(([path, file]) =>
      defineFixedRoute({
        path,
        // The others have a hash of what is in them in their names.
        cache: path === '/sw.js' ? 'revalidate' : 'immutable',
        contentPolicy: POLICY,
        find: () => file,
      }),
    ),
    ...views,
  ];
}
