/**
 * The documentation: `/docs` for people, `/openapi.json` for machines, `/llms.txt` as an index of both. Made at the start
 * and the same for everybody.
 */
import type { FastifyInstance, FastifyPluginAsync, FastifyReply } from 'fastify';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { PortalError } from '../../errors.js';
import { fixedBody, sendFixed, type FixedBody } from '../../infra/fixed-body.js';
import { refuseOtherMethods } from '../../platform/methods.js';
import { toOneAddress } from '../../infra/one-address.js';
import { readGuides } from './guides.js';
import { indexText } from './index-text.js';
import { openApi } from './openapi.js';
import { pageText } from './page.js';
import { STYLE } from './style.js';

const PACKAGE = new URL('../../../../package.json', import.meta.url);
const ANSWERED = ['GET', 'HEAD'];
const MARKDOWN = 'text/markdown; charset=utf-8';
/** It changes with the version only, but somebody may be looking while it is deployed. */
const CACHING = 'public, max-age=300';

/** The one style is known by its hash; nothing else may be loaded, run, framed or sent anywhere. */
const PAGE_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export const documentationRoutes: FastifyPluginAsync = async (app) => {
  const { version } = JSON.parse(readFileSync(PACKAGE, 'utf8')) as { version: string };
  const { basePath, baseUrl } = app.site;
  // Seen from the page, from the index and from the document themselves, unless it is known where they are.
  const link = basePath === '' ? '' : `${basePath}/`;
  const document = openApi(version, baseUrl ?? '.');
  const guides = readGuides();
  const [description, index, page] = await Promise.all([
    fixedBody('application/json', JSON.stringify(document)),
    fixedBody(MARKDOWN, indexText(document, guides, baseUrl === undefined ? '' : `${baseUrl}/`)),
    fixedBody(
      'text/html; charset=utf-8',
      pageText(document, guides, { link, paste: baseUrl ?? 'http://127.0.0.1:7331' }),
    ),
  ]);
  const texts = new Map(
    await Promise.all(guides.map(async ({ name, text }) => [name, await fixedBody(MARKDOWN, text)] as const)),
  );

  route(app, '/openapi.json', () => description);
  route(app, '/llms.txt', () => index);
  route(app, '/docs', (reply) => {
    reply.header('Content-Security-Policy', PAGE_POLICY);
    return page;
  });
  route(app, '/docs/:guide', (_reply, { guide = '' }) => texts.get(guide));
};

function route(
  app: FastifyInstance,
  url: string,
  find: (reply: FastifyReply, params: { readonly guide?: string }) => FixedBody | undefined,
): void {
  app.route<{ Params: { readonly guide?: string } }>({
    method: ANSWERED,
    url,
    handler(request, reply) {
      const body = find(reply, request.params);
      if (!body) throw new PortalError('notFound');
      return (
        toOneAddress(request, reply, url.replace(':guide', request.params.guide ?? '')) ??
        sendFixed(request, reply.header('Cache-Control', CACHING), body)
      );
    },
  });
  refuseOtherMethods(app, { url, answered: ANSWERED });
}
