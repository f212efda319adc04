/**
 * The operator's page: one document for each of its views, since a view is an address that a colleague may open, and
 * the files it is made of. Nothing of it knows anything: what it shows it asks of the other doors, as anybody would.
 */
import type { FastifyInstance, FastifyPluginAsync } from 'fastify';
import { sendFixed, type FixedBody } from '../../infra/fixed-body.js';
import { refuseOtherMethods } from '../../platform/methods.js';
import { toOneAddress } from '../../infra/one-address.js';
import { readSite } from './site.js';

/** Its views. What is looked at within one, and for which time, stands in the query, which the page itself reads. */
const VIEWS = ['/', '/events', '/integrity', '/sessions', '/audit'];

const ANSWERED = ['GET', 'HEAD'];

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

/** Asked for again each time, and mostly answered by "as you have it". */
const DOCUMENT_CACHING = 'no-cache';
/** Its name has a hash of its content in it. */
const ASSET_CACHING = 'public, max-age=31536000, immutable';

/** Without a built page its addresses are not found; the doors for machines go on as ever. */
export const pageRoutes: FastifyPluginAsync = async (app) => {
  const site = await readSite({ basePath: app.site.basePath });
  const document = site.get('/index.html');
  for (const [path, file] of site) {
    if (file !== document) route(app, path, file, ASSET_CACHING);
  }
  if (document) for (const view of VIEWS) route(app, view, document, DOCUMENT_CACHING);
};

function route(app: FastifyInstance, url: string, file: FixedBody, caching: string): void {
  app.route({
    method: ANSWERED,
    url,
    handler: (request, reply) =>
      toOneAddress(request, reply, url) ??
      sendFixed(
        request,
        reply.headers({ 'Cache-Control': caching, 'Content-Security-Policy': POLICY }),
        file,
      ),
  });
  refuseOtherMethods(app, { url, answered: ANSWERED });
}
