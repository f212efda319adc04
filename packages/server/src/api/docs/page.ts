/**
 * `/docs`: the description for people, made of the same document that machines get. One page, no script, nothing from
 * elsewhere.
 */
import type { MediaType, OpenApi, Reference, ResponseObject } from '../openapi-types.js';
import type { JsonSchema } from '../schema.js';
import { guideList } from './guide-page.js';
import type { Guide } from './guides.js';
import { type Html, markup, sentence } from './html.js';
import { type DocumentedOperation, operationsIn } from './operations.js';
import { STYLE } from './style.js';

/** What stands before the paths of the service. */
export interface Bases {
  /** In a link of the page; ends in a slash, or is nothing. */
  readonly link: string;
  /** In a line to paste, without a slash at the end. */
  readonly paste: string;
}

/** The whole page. */
export function pageText(document: OpenApi, guides: readonly Guide[], bases: Bases): string {
  const { info, tags, paths, components } = document;
  const operations = operationsIn(paths);
  const page = markup`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>${info.title}: API</title>
        <style>${{ html: STYLE }}</style>
      </head>
      <body>
        <a class="skip" href="#content">To the content</a>
        <header>
          <h1>${info.title}</h1>
          <p>${info.summary}</p>
          <p>
            Version ${info.version}. The same for machines: <a href="${bases.link}openapi.json">openapi.json</a>, and as
            an index: <a href="${bases.link}llms.txt">llms.txt</a>.
          </p>
        </header>
        <nav aria-label="Contents">
          ${tags.map(
            ({ name, description }) =>
              markup`<h2>${name}</h2>
                <p>${description}</p>
                <ul>
                  ${operations
                    .filter(({ operation }) => operation.tags.includes(name))
                    .map(
                      ({ method, path, operation }) =>
                        markup`<li>
                          <a href="#${operation.operationId}"><code>${method} ${path}</code></a>
                          ${operation.summary}
                        </li> `,
                    )}
                </ul> `,
          )}${guideList(guides, `${bases.link}docs/`)}
        </nav>
        <main id="content" tabindex="-1">
          <h2>Paths</h2>
          <p>${sentence(info.description)}</p>
          ${operations.map((one) => operationHtml(one, document, bases))}
          <h2>Request errors</h2>
          ${Object.entries(components.responses).map(
            ([name, response]) =>
              markup`<section aria-labelledby="error-${name}">
                <h3 id="error-${name}">${name}</h3>
                ${responseHtml(response)}
              </section> `,
          )}
          <h2>Shapes</h2>
          ${Object.entries(components.schemas).map(([name, schema]) => schemaHtml(name, schema))}
          <h2 id="session">Sessions</h2>
          <p>
            ${sentence(components.securitySchemes.session.description)} It is sent as the cookie
            <code>${components.securitySchemes.session.name}</code>.
          </p>
          <p>${sentence(components.securitySchemes.machineToken.description)}</p>
        </main>
      </body>
    </html> `;
  return page.html;
}

function operationHtml(
  { method, path, operation }: DocumentedOperation,
  document: OpenApi,
  { paste }: Bases,
): Html {
  // Without an empty one, which says that nothing is needed.
  const needed = operation.security.some((one) => Object.keys(one).length === 0)
    ? undefined
    : operation.security[0];
  const level = needed?.['session']?.includes('User') ? 'everybody signed in' : 'administrators';
  const who = needed ? markup`<a href="#session">${level}</a>` : markup`anyone`;
  return markup`<section aria-labelledby="${operation.operationId}">
    <h3 id="${operation.operationId}"><code>${method} ${path}</code> <span class="who">for ${who}</span></h3>
    <p><strong>${operation.summary}</strong></p>
    <p>${sentence(operation.description)}</p>
    <pre tabindex="0">curl ${method === 'POST' ? '-X POST ' : ''}${paste}${path}${needed ? ' -b "psession=YOUR_SESSION"' : ''}${bodyOption(operation.requestBody?.content['application/json']?.example)}</pre>
    ${(operation.parameters ?? []).map((parameter) => markup`<p><code>${parameter.in === 'query' ? '?' : ''}${parameter.name}</code>: ${sentence(parameter.description)}</p> `)}
    ${Object.entries(operation.responses).map(([status, response]) => answerHtml(status, response, document))}
  </section> `;
}

/** What curl is told to send. */
function bodyOption(example: unknown): string {
  return example === undefined ? '' : ` --json '${JSON.stringify(example)}'`;
}

/** What many paths refuse alike is told once, further down. */
function answerHtml(status: string, response: ResponseObject | Reference, { components }: OpenApi): Html {
  if (!('$ref' in response)) return markup`<h4>${status}</h4> ${responseHtml(response)}`;
  const [name, { description }] =
    Object.entries(components.responses).find(([key]) => response.$ref.endsWith(`/${key}`)) ??
    missing(response);
  return markup`<h4><a href="#error-${name}">${status}</a></h4> <p>${sentence(description)}</p> `;
}

function missing({ $ref }: Reference): never {
  throw new Error(`There is no response ${$ref}.`);
}

function responseHtml({ description, headers = {}, content = {} }: ResponseObject): Html {
  return markup`<p>${sentence(description)}</p>
    ${Object.entries(headers).map(([name, header]) => markup`<p><code>${name}</code>: ${sentence(header.description)}</p> `)}
    ${Object.entries(content).flatMap(([type, media]) => mediaHtml(type, media))} `;
}

function mediaHtml(type: string, media: MediaType): readonly Html[] {
  const shown =
    media.example === undefined
      ? Object.values(media.examples ?? {})
      : [{ summary: 'An example', value: media.example }];
  const shape = shapeOf(media.schema);
  if (shown.length === 0) {
    return [
      markup`<p><code>${type}</code>${media.schema.$ref === undefined ? markup`` : markup`: ${shape}`}</p> `,
    ];
  }
  return shown.map(
    ({ summary, value }) =>
      markup`<details>
        <summary><code>${type}</code>: ${summary}</summary>
        ${media.schema.$ref === undefined ? markup`` : markup`<p>Shape: ${shape}</p>`}
        <pre tabindex="0">${typeof value === 'string' ? value : JSON.stringify(value, null, 2)}</pre>
      </details> `,
  );
}

function schemaHtml(name: string, schema: JsonSchema): Html {
  const rows = Object.entries(schema.properties ?? {}).map(
    ([property, { description = '', ...rest }]) =>
      markup`<tr>
        <td><code>${property}</code></td>
        <td>${shapeOf(rest)}</td>
        <td>${sentence(description)}</td>
      </tr> `,
  );
  const table = markup`<div class="table" tabindex="0">
    <table>
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">Type</th>
          <th scope="col">Meaning</th>
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
  return markup`<section aria-labelledby="shape-${name}">
    <h3 id="shape-${name}">${name}</h3>
    <p>
      ${sentence(schema.description ?? '')}${schema.enum ? markup` One of ${choices(schema.enum)}.` : markup``}
    </p>
    ${rows.length > 0 ? table : markup``}
  </section> `;
}

/** A type in a few words, with a link where it is one of ours. */
function shapeOf(schema: JsonSchema): Html {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.replace(/^.*\//, '');
    return markup`<a href="#shape-${name}">${name}</a>`;
  }
  if (schema.oneOf) return alternatives(schema.oneOf);
  if (schema.items) return markup`list of ${shapeOf(schema.items)}`;
  if (typeof schema.additionalProperties === 'object') {
    return markup`each a ${shapeOf(schema.additionalProperties)}`;
  }
  // The sentences of the catalogue are too many for a cell; a guide has them all.
  if (schema.enum && schema.enum.length <= 5) return markup`${choices(schema.enum)}`;
  return markup`${[schema.type ?? 'anything'].flat().join(' or ')}`;
}

function alternatives(schemas: readonly JsonSchema[]): Html {
  return markup`${schemas.map((schema, index) => markup`${index > 0 ? ' or ' : ''}${shapeOf(schema)}`)}`;
}

function choices(values: readonly string[]): Html {
  return markup`${values.map((value, index) => markup`${index > 0 ? ', ' : ''}<code>${value}</code>`)}`;
}
