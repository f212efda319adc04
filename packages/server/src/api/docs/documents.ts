/** The documents of the documentation: made at the start, and the same for all clients. */
import { VERSION } from '../../config/installation.js';
import { staticAsset, type StaticAsset } from '../../infra/static-asset.js';
import type { OriginCheck } from '../../infra/origin-check.js';
import { openApi } from '../openapi.js';
import type { Route } from '../route.js';
import type { Documents } from '../services.js';
import { guidePageText, guidePath } from './guide-page.js';
import { readGuides } from './guides.js';
import { indexText } from './index-text.js';
import { pageText } from './page.js';

const MARKDOWN = 'text/markdown; charset=utf-8';
const HTML = 'text/html; charset=utf-8';

export async function makeDocuments(
  routes: readonly Route[],
  { basePath, baseUrl }: Pick<OriginCheck, 'basePath' | 'baseUrl'>,
): Promise<Documents> {
  // Seen from the page, from the index and from the document themselves, unless it is known where they are.
  const link = basePath === '' ? '' : `${basePath}/`;
  const document = openApi(routes, VERSION, baseUrl ?? '.');
  const guides = readGuides();
  const pageHtml = pageText(document, guides, { link, paste: baseUrl ?? 'http://127.0.0.1:7331' });
  const [description, index, page, texts] = await Promise.all([
    staticAsset('application/json', JSON.stringify(document)),
    staticAsset(MARKDOWN, indexText(document, guides, baseUrl === undefined ? '' : `${baseUrl}/`)),
    staticAsset(HTML, pageHtml),
    Promise.all(
      guides.flatMap((guide) => [
        named(guide.name, MARKDOWN, guide.text),
        named(guidePath(guide.name), HTML, guidePageText(guide, guides, link)),
      ]),
    ),
  ]);
  return { openApi: description, index, page, guides: new Map(texts) };
}

async function named(name: string, type: string, text: string): Promise<readonly [string, StaticAsset]> {
  return [name, await staticAsset(type, text)];
}
