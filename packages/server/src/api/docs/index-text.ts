/** `/llms.txt`: the index of the documentation, in the form of llmstxt.org. */
import type { OpenApi } from '../openapi-types.js';
import type { Guide } from './guides.js';
import { operationsIn } from './operations.js';

/** The index of everything that there is to read; `base` stands before every path in it, and ends in a slash. */
export function indexText(document: OpenApi, guides: readonly Guide[], base: string): string {
  const { info, paths } = document;
  const operations = operationsIn(paths).map(
    ({ method, path, operation }) =>
      `- [${method} ${path}](${base}docs#${operation.operationId}): ${operation.summary}`,
  );
  return [
    `# ${info.title}`,
    `> ${info.summary}`,
    info.description,
    '## API',
    [
      `- [API description](${base}docs): every path, its answers and their shape, with examples`,
      `- [OpenAPI 3.1](${base}openapi.json): the same for machines`,
      ...operations,
    ].join('\n'),
    ...(guides.length > 0 ? ['## Guides', guides.map((guide) => guideLine(guide, base)).join('\n')] : []),
    '',
  ]
    .join('\n\n')
    .replace(/\n+$/, '\n');
}

function guideLine({ name, title, about }: Guide, base: string): string {
  return `- [${title}](${base}docs/${name})${about ? `: ${about}` : ''}`;
}
