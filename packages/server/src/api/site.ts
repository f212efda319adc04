/**
 * The built page, read once: a few small files, so that serving it reads no disk in an outage.
 */
import { readdir, readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { errorCode } from 'portal-shared/error-code';
import { PAGE } from '../config/installation.js';
import { staticAsset, type StaticAsset } from '../infra/static-asset.js';

/** All files by path, which begins with `/`; the page itself is `/index.html`, and `/deeper.html` for views such as `/a/b`. */
export type Site = ReadonlyMap<string, StaticAsset>;

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

export interface SiteOptions {
  readonly folder?: URL;
  readonly basePath?: string;
  /** Name of the page, which it reads from its title. */
  readonly heading?: string | undefined;
}

/**
 * Reads the files of `folder`; none where the page was not built. They name each other relative to where they are; where
 * it is known below which path all of it is (`basePath`, such as `/portal`), the page itself names them by that.
 */
export async function readSite({ folder = PAGE, basePath = '', heading }: SiteOptions = {}): Promise<Site> {
  const paths = new Set(await pathsIn(folder));
  const files = [...paths].map(async (path) => {
    const type = TYPES[extname(path)];
    if (type === undefined) return [];
    const built = await readFile(new URL(path, folder));
    if (path !== 'index.html') {
      const compressed = paths.has(`${path}.br`) ? await readFile(new URL(`${path}.br`, folder)) : undefined;
      return [[`/${path}`, await staticAsset(type, built, compressed)] as const];
    }
    const named = heading === undefined ? built.toString() : withTitle(heading, built.toString());
    const [page, deeper] = ['.', '..'].map((up) => at(basePath === '' ? up : basePath, named));
    return [
      ['/index.html', await staticAsset(type, page ?? named)] as const,
      ['/deeper.html', await staticAsset(type, deeper ?? named)] as const,
    ];
  });
  return new Map((await Promise.all(files)).flat());
}

/** The page, which names its files by where they are: below the base path, or so many steps up. */
function at(path: string, page: string): Buffer {
  return Buffer.from(page.replaceAll(/(src|href)="\.\//g, `$1="${path}/`));
}

function withTitle(title: string, page: string): string {
  const escaped = title.replaceAll(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  return page.replace(/<title>.*<\/title>/, () => `<title>${escaped}</title>`);
}

async function pathsIn(folder: URL): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, encoding: 'utf8' });
    return entries.map((path) => path.replaceAll('\\', '/'));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}
