/**
 * The built page, read once: a few small files, each kept as it is and compressed, so that serving it costs nothing and
 * reads no disk in an outage.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { codeOf } from '../../error-code.js';

/** One file. */
export interface SiteFile {
  readonly type: string;
  readonly plain: Buffer;
  readonly compressed: Buffer;
  /** Of the content, quoted, for `ETag`. */
  readonly tag: string;
}

/** All of them by path, which begins with `/`; the page itself is `/index.html`. */
export type Site = ReadonlyMap<string, SiteFile>;

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Where it lies, seen from where this file runs, in a checkout as in an image. */
const FOLDER = new URL('../../../../../page/dist/site/', import.meta.url);

/** Reads the files of `folder`; none where the page was not built. */
export async function readSite(folder = FOLDER): Promise<Site> {
  const site = new Map<string, SiteFile>();
  for (const path of await pathsIn(folder)) {
    const type = TYPES[extname(path)];
    if (type === undefined) continue;
    const plain = await readFile(new URL(path, folder));
    const compressed = await promisify(gzip)(plain, { level: 9 });
    const tag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`;
    site.set(`/${path}`, { type, plain, compressed, tag });
  }
  return site;
}

async function pathsIn(folder: URL): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, encoding: 'utf8' });
    return entries.map((path) => path.replaceAll('\\', '/'));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}
