/** `/docs` for people, `/openapi.json` for machines, `/llms.txt` as an index of both, and the guides. */
import { createHash } from 'node:crypto';
import { defineFixedRoute } from '../fixed-route.js';
import type { RouteAnswer, RouteDocs } from '../route.js';
import type { JsonSchema } from '../schema.js';
import { STYLE } from './style.js';

/** The one style is known by its hash; nothing else may be loaded, run, framed or sent anywhere. */
const PAGE_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const TEXT = { type: 'string' } as const;

function docs(id: string, summary: string, description: string): RouteDocs {
  return { id, tag: 'Documentation', summary, description };
}

function answers(type: string, schema: JsonSchema = TEXT): Readonly<Record<number, RouteAnswer<never>>> {
  return { 200: { description: 'As it is for this version.', content: { [type]: { schema } } } };
}

export const docsRoute = defineFixedRoute({
  path: '/docs',
  cache: 'minutes',
  docs: docs('docs', 'This description, for people', 'A page without scripts.'),
  answers: answers('text/html'),
  contentPolicy: PAGE_POLICY,
  find: ({ documents }) => documents.page,
});

export const guideRoute = defineFixedRoute({
  path: '/docs/{guide}',
  cache: 'minutes',
  docs: docs(
    'guide',
    'A guide',
    'One of the guides that the index names, e.g. `errors`: what each error means and what to do next. A page for people, in which each code has its place (`errors#DATABASE_TIMEOUT`); with `.md` the Markdown of it.',
  ),
  parameters: [
    {
      name: 'guide',
      in: 'path',
      required: true,
      description: 'Name of the guide; with `.md` as Markdown.',
      schema: { type: 'string', pattern: '^[a-z-]+(\\.md)?$' },
    },
  ],
  errors: ['NotFound'],
  answers: {
    200: {
      description: 'As it is for this version.',
      content: { 'text/html': { schema: TEXT }, 'text/markdown': { schema: TEXT } },
    },
  },
  contentPolicy: PAGE_POLICY,
  find: ({ documents }, { guide = '' }) => documents.guides.get(guide),
});

export const openApiRoute = defineFixedRoute({
  path: '/openapi.json',
  cache: 'minutes',
  docs: docs('openapi', 'This description, for machines', 'OpenAPI 3.1.'),
  answers: answers('application/json', { type: 'object' }),
  find: ({ documents }) => documents.openApi,
});

export const indexRoute = defineFixedRoute({
  path: '/llms.txt',
  cache: 'minutes',
  docs: docs(
    'llms',
    'Index of the documentation',
    'By llmstxt.org: every page with a sentence, as Markdown.',
  ),
  answers: answers('text/markdown'),
  find: ({ documents }) => documents.index,
});
