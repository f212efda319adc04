/**
 * What a package's tarball holds, file by file. Nothing is unpacked.
 */
import { hash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import type { ManifestEntry } from '../scan/manifest.js';

const BLOCK = 512;

/**
 * Every file, by its path without the first part, as npm installs it. Of two files of one path the later one counts.
 *
 * @throws when it is no gzipped tar
 */
export function listTarball(bytes: Buffer): readonly ManifestEntry[] {
  const archive = gunzipSync(bytes);
  const files = new Map<string, string>();
  let longName: string | undefined;
  let position = 0;
  while (position + BLOCK <= archive.length) {
    const header = archive.subarray(position, position + BLOCK);
    if (header.every((byte) => byte === 0)) break;
    const size = Number.parseInt(textOf(header, 124, 12).trim() || '0', 8);
    const start = position + BLOCK;
    if (!Number.isSafeInteger(size) || size < 0 || start + size > archive.length)
      throw new Error('Not a tar.');
    const content = archive.subarray(start, start + size);
    position = start + Math.ceil(size / BLOCK) * BLOCK;
    const type = textOf(header, 156, 1);
    if (type === 'x') longName = paxPath(content) ?? longName;
    else if (type === 'L') longName = textOf(content, 0, content.length);
    else if (type !== 'g') {
      const name = longName ?? nameOf(header);
      longName = undefined;
      const path = withoutFirst(name);
      if ((type === '0' || type === '' || type === '7') && path !== '')
        files.set(path, hash('sha256', content, 'hex'));
    }
  }
  return Array.from(files, ([path, digest]) => ({ path, digest }));
}

function nameOf(header: Buffer): string {
  const prefix = textOf(header, 257, 5) === 'ustar' ? textOf(header, 345, 155) : '';
  const name = textOf(header, 0, 100);
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** The records of an extended header are `LENGTH KEY=VALUE\n`; the length counts bytes. */
function paxPath(content: Buffer): string | undefined {
  let path: string | undefined;
  for (let position = 0; position < content.length;) {
    const length = Number.parseInt(content.subarray(position, position + 20).toString(), 10);
    if (!(length > 0)) break;
    const [, value] =
      /^\d+ path=([^]*)\n$/.exec(content.subarray(position, position + length).toString()) ?? [];
    path = value ?? path;
    position += length;
  }
  return path;
}

function withoutFirst(name: string): string {
  return name
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .slice(1)
    .join('/');
}

/** Up to the first zero byte. */
function textOf(bytes: Buffer, start: number, length: number): string {
  const field = bytes.subarray(start, start + length);
  const end = field.indexOf(0);
  return (end === -1 ? field : field.subarray(0, end)).toString();
}
