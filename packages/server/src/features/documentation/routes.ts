/**
 * The documentation: `/docs` for people, `/openapi.json` for machines, `/llms.txt` as an index of both. Made at the start
 * and the same for everybody.
 */
import type { FastifyInstance, FastifyPluginCallback, FastifyReply } from 'fastify';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { PortalError } from '../../errors.js';
import { refuseOtherMethods } from '../../platform/methods.js';
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

export const documentationRoutes: FastifyPluginCallback = (app, _options, done) => {
  const { version } = JSON.parse(readFileSync(PACKAGE, 'utf8')) as { version: string };
  const document = openApi(version);
  const guides = readGuides();
  const description = JSON.stringify(document);
  const index = indexText(document, guides);
  const page = pageText(document, guides);
  const texts = new Map(guides.map(({ name, text }) => [name, text]));

  route(app, '/openapi.json', (reply) => send(reply, 'application/json', description));
  route(app, '/llms.txt', (reply) => send(reply, MARKDOWN, index));
  route(app, '/docs', (reply) =>
    send(reply.header('Content-Security-Policy', PAGE_POLICY), 'text/html; charset=utf-8', page),
  );
  route(app, '/docs/:guide', (reply, { guide = '' }) => {
    const text = texts.get(guide);
    if (text === undefined) throw new PortalError('notFound');
    return send(reply, MARKDOWN, text);
  });
  done();
};

function route(
  app: FastifyInstance,
  url: string,
  answer: (reply: FastifyReply, params: { readonly guide?: string }) => FastifyReply,
): void {
  app.route<{ Params: { readonly guide?: string } }>({
    method: ANSWERED,
    url,
    handler: (request, reply) => answer(reply, request.params),
  });
  refuseOtherMethods(app, { url, answered: ANSWERED });
}

/** As bytes, because the framework would add a charset to a type that has none. */
function send(reply: FastifyReply, type: string, text: string): FastifyReply {
  return reply.headers({ 'Content-Type': type, 'Cache-Control': CACHING }).send(Buffer.from(text));
}
