/** `/llms.txt`: the index of the documentation, in the form of llmstxt.org. */
import type { Guide } from './guides.js';
import { doorsIn } from './operations.js';
import type { OpenApi } from './vocabulary.js';

/** The index of everything that there is to read. */
export function indexText(document: OpenApi, guides: readonly Guide[]): string {
  const { info, paths } = document;
  const doors = doorsIn(paths).map(
    ({ method, path, operation }) =>
      `- [${method} ${path}](/docs#${operation.operationId}): ${operation.summary}`,
  );
  return [
    `# ${info.title}`,
    `> ${info.summary}`,
    info.description,
    '## API',
    [
      '- [API description](/docs): every path, its answers and their shape, with examples',
      '- [OpenAPI 3.1](/openapi.json): the same for machines',
      ...doors,
    ].join('\n'),
    ...(guides.length > 0 ? ['## Guides', guides.map(guideLine).join('\n')] : []),
    '',
  ]
    .join('\n\n')
    .replace(/\n+$/, '\n');
}

function guideLine({ name, title, about }: Guide): string {
  return `- [${title}](/docs/${name})${about ? `: ${about}` : ''}`;
}
