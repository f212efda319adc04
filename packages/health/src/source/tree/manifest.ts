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

/** Any code unit from the surrogates up: only there does the order of JavaScript differ from that of UTF-8's bytes. */
const ABOVE_SURROGATES = /[\ud800-\uffff]/;

/** The entries in the order of the manifest, as a new list. */
export function inManifestOrder(entries: readonly ManifestEntry[]): ManifestEntry[] {
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
  return inManifestOrder(entries)
    .map(({ path, digest }) => `${digest}  ${path}\n`)
    .join('');
}

/** The hash of the tree that these files are: 64 lower-case hexadecimal digits. */
export function hashOf(entries: readonly ManifestEntry[]): string {
  return createHash('sha256').update(formatManifest(entries)).digest('hex');
}
