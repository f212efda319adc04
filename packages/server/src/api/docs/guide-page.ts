/**
 * A guide as a page: its Markdown rendered, each heading and each code of a table at an address of its own, readable on a
 * phone. No script, nothing from elsewhere.
 */
import { Marked, type RendererObject, type Tokens } from 'marked';
import type { Guide } from './guides.js';
import { markup, type Html } from './html.js';
import { STYLE } from './style.js';

/** @param link - before the paths of the service; ends in a slash, or is nothing: seen from within `docs/` then */
export function guidePageText(guide: Guide, guides: readonly Guide[], link: string): string {
  const docs = link === '' ? '' : `${link}docs/`;
  const root = link === '' ? '../' : link;
  const names = new Set(guides.map(({ name }) => name));
  const page = markup`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>${guide.title}</title>
        <style>${{ html: STYLE }}</style>
      </head>
      <body>
        <a class="skip" href="#content">To the content</a>
        <nav aria-label="Up"><a href="${root}">The page</a> · <a href="${root}docs">API</a></nav>
        <main id="content" tabindex="-1">${rendered(guide.text, (target) => hrefOf(target, names, docs))}</main>
        <nav aria-label="Guides">${guideList(guides, docs)}</nav>
      </body>
    </html> `;
  return page.html;
}

/** @param docs - before the name of a guide */
export function guideList(guides: readonly Guide[], docs: string): Html {
  if (guides.length === 0) return markup``;
  return markup`<h2>Guides</h2>
    <ul>
      ${guides.map(({ name, title }) => markup`<li><a href="${docs}${guidePath(name)}">${title}</a></li> `)}
    </ul> `;
}

/** Its last part: the file without `.md`, which is the page. */
export function guidePath(name: string): string {
  return name.replace(/\.md$/, '');
}

/** The pages of other guides; the sites of others; `null` for files of the repository, which are served nowhere. */
function hrefOf(target: string, names: ReadonlySet<string>, docs: string): string | null {
  if (/^(https:\/\/|#)/.test(target)) return target;
  const [path = '', fragment] = target.split('#');
  if (!names.has(path)) return null;
  return `${docs}${guidePath(path)}${fragment === undefined ? '' : `#${fragment}`}`;
}

function rendered(text: string, href: (target: string) => string | null): Html {
  const ids = new Set<string>();
  /** The first of a name has it; of another one nobody could say which is meant. */
  const idOf = (id: string): string => {
    if (id === '' || ids.has(id)) return '';
    ids.add(id);
    return ` id="${id}"`;
  };
  const renderer: RendererObject = {
    heading({ tokens, depth, text: words }) {
      return `<h${depth}${idOf(slugOf(words))}>${this.parser.parseInline(tokens)}</h${depth}>\n`;
    },
    link({ href: target, tokens }) {
      const words = this.parser.parseInline(tokens);
      const known = href(target);
      return known === null ? words : `<a href="${markup`${known}`.html}">${words}</a>`;
    },
    // A picture is a file of the repository.
    image: ({ text: words }) => markup`<em>${words}</em>`.html,
    code: ({ text: words }) => markup`<pre tabindex="0">${words}</pre>`.html,
    table({ header, rows }) {
      const inline = (cell: Tokens.TableCell): string => this.parser.parseInline(cell.tokens);
      const head = header
        .map((cell) => (cell.text === '' ? '<td></td>' : `<th scope="col">${inline(cell)}</th>`))
        .join('');
      const body = rows.map((row) => {
        const cells = row.map(
          (cell, index) =>
            `<td data-name="${markup`${header[index]?.text ?? ''}`.html}">${inline(cell)}</td>`,
        );
        return `<tr${idOf(codeIn(row[0]))}>${cells.join('')}</tr>`;
      });
      return `<div class="table" tabindex="0"><table><thead><tr>${head}</tr></thead><tbody>${body.join('\n')}</tbody></table></div>`;
    },
  };
  return { html: new Marked({ renderer }).parse(text, { async: false }) };
}

/** The code or variable that a row is about. */
function codeIn(cell: Tokens.TableCell | undefined): string {
  return /^`([A-Z][A-Z0-9_]+)`/.exec(cell?.text ?? '')?.[1] ?? '';
}

/** As the sites that show these files make it. */
function slugOf(words: string): string {
  return words
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}
