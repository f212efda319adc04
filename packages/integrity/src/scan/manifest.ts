/**
 * The manifest: `sha256sum`'s own lines, sorted by the bytes of the path. Its SHA-256 is the hash of the tree, which
 * is in-toto's `dirHash` and, in another spelling, the `h1:` of Go's modules.
 */
import { createHash } from 'node:crypto';

/** A file of a tree: its path from the root, and its SHA-256 as 64 lower-case hexadecimal digits. */
export interface ManifestEntry {
  readonly path: string;
  readonly digest: string;
}

/** `sha256sum` would write these escaped, and then the hash of the manifest would depend on its version. */
const NOT_IN_A_MANIFEST = /[^\u0020-\u007e\u0080-\u{10ffff}]|\\/u;

/** Whether a file or folder of this path and name can stand in a manifest; `-` is standard input to `sha256sum`. */
export function fitsManifest(path: string, name: string): boolean {
  return name !== '-' && !NOT_IN_A_MANIFEST.test(path);
}

/** Any code unit from the surrogates up: only there does the order of JavaScript differ from that of UTF-8's bytes. */
const ABOVE_SURROGATES = /[\ud800-\uffff]/;

/** Something of a path from the root. */
interface OfPath {
  readonly path: string;
}

/** The entries in the order of the manifest, as a new list. */
export function inManifestOrder<Entry extends OfPath>(entries: readonly Entry[]): Entry[] {
  if (entries.some(({ path }) => ABOVE_SURROGATES.test(path))) {
    return entries
      .map((entry) => ({ entry, bytes: Buffer.from(entry.path) }))
      .toSorted((a, b) => Buffer.compare(a.bytes, b.bytes))
      .map(({ entry }) => entry);
  }
  return entries.toSorted((a, b) => (a.path < b.path ? -1 : Number(a.path > b.path)));
}

/** The text of a manifest. */
export function formatManifest(entries: readonly ManifestEntry[]): string {
  return [...manifestPortions(entries, ({ digest }) => digest)].join('');
}

/** The hash of the tree that these files are: 64 lower-case hexadecimal digits. */
export function manifestHash(entries: readonly ManifestEntry[]): string {
  return hashFiles(entries, ({ digest }) => digest);
}

/** The same for files whose digests are to be had elsewhere. */
export function hashFiles<File extends OfPath>(
  files: readonly File[],
  digestOf: (file: File) => string,
): string {
  const whole = createHash('sha256');
  for (const portion of manifestPortions(files, digestOf)) whole.update(portion);
  return whole.digest('hex');
}

/** Of a large tree the whole text is megabytes, which nobody needs at once to hash it. */
const PORTION_CHARACTERS = 32 * 1024;

function* manifestPortions<File extends OfPath>(
  files: readonly File[],
  digestOf: (file: File) => string,
): Generator<string> {
  let portion = '';
  for (const file of inManifestOrder(files)) {
    portion += `${digestOf(file)}  ${file.path}\n`;
    if (portion.length < PORTION_CHARACTERS) continue;
    yield portion;
    portion = '';
  }
  yield portion;
}

/** The same hash in the spelling of Go's modules. */
export function asH1(hash: string): string {
  return `h1:${Buffer.from(hash, 'hex').toString('base64')}`;
}

/**
 * Reads a manifest back. `undefined` unless it is exactly what `formatManifest` writes: a second way to say the same
 * would be a second hash for the same tree.
 */
export function parseManifest(text: string): ManifestEntry[] | undefined {
  const entries: ManifestEntry[] = [];
  for (const line of text.split('\n').slice(0, -1)) {
    const [, digest, path] = /^([0-9a-f]{64}) {2}([^]+)$/.exec(line) ?? [];
    if (digest === undefined || path === undefined || !isPath(path)) return undefined;
    entries.push({ path, digest });
  }
  const paths = new Set(entries.map(({ path }) => path));
  return entries.length > 0 && paths.size === entries.length && formatManifest(entries) === text
    ? entries
    : undefined;
}

function isPath(path: string): boolean {
  return path.split('/').every((name) => !['', '.', '..'].includes(name) && fitsManifest(name, name));
}

/** The hash of every folder, as if it were a tree of its own: paths are relative to it. `''` is the whole. */
export function hashFolders(entries: readonly ManifestEntry[]): Map<string, string> {
  const folders = new Map<string, ManifestEntry[]>([['', [...entries]]]);
  for (const { path, digest } of entries) {
    for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
      const folder = path.slice(0, slash);
      const inside = folders.get(folder);
      const entry = { path: path.slice(slash + 1), digest };
      if (inside) inside.push(entry);
      else folders.set(folder, [entry]);
    }
  }
  return new Map(
    Array.from(folders, ([folder, inside]): [string, string] => [folder, manifestHash(inside)]).toSorted(
      ([a], [b]) => (a < b ? -1 : 1),
    ),
  );
}
