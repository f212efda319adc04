/** Tarballs of packages. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { createDependencyIndex } from '../../src/dependencies/dependency-index.js';
import { parseLockFile } from '../../src/dependencies/lock-file.js';
import { listDependencies, withPrograms } from '../../src/dependencies/list.js';
import { findTarballs } from '../../src/dependencies/tarballs.js';
import type { Contents } from '../trees.js';

/** A tar as npm packs it, with an extended header for names that do not fit. */
export function packed(contents: Contents): Buffer {
  const blocks: Buffer[] = [];
  for (const [path, content] of Object.entries(contents)) {
    const name = `package/${path}`;
    if (name.length > 100) {
      const record = ` path=${name}\n`;
      const length = record.length + String(record.length + 3).length;
      blocks.push(...entry('PaxHeader', 'x', Buffer.from(`${length}${record}`)));
    }
    blocks.push(...entry(name.slice(0, 99), '0', Buffer.from(content)));
  }
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

function entry(name: string, type: string, body: Buffer): Buffer[] {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write(`${body.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write(type, 156);
  header.write('ustar\0', 257);
  return [header, body, Buffer.alloc((512 - (body.length % 512)) % 512)];
}

/** What is told of a project after `tamper`, by the list made before it: a line each. */
export function toldAfter(app: string, lockName: string, tamper: (app: string) => void): readonly string[] {
  const text = readFileSync(join(app, lockName), 'utf8');
  const lock = parseLockFile(text, (path) => readdirSync(join(app, path)));
  if (!lock) throw new Error('no lock file');
  const tarballs = findTarballs(app, join(app, '../cache'), [join(app, '../tarballs')]);
  const made = listDependencies(lock, app, tarballs);
  const before = createDependencyIndex(app, lock, made.entries);
  before.check();
  const { entries } = withPrograms(made, before.found());
  const index = createDependencyIndex(app, lock, entries);
  const first = index.check();
  if (first.changes.length + first.scanErrors.length > 0) throw new Error(JSON.stringify(first));
  tamper(app);
  const { changes, scanErrors, uncovered } = index.check();
  return [
    ...changes.map(({ kind, path, note = '' }) => `${kind} ${path} ${note}`.trimEnd()),
    ...scanErrors.map(({ code, path }) => `${code} ${path}`),
    ...uncovered.map(({ path, why }) => `${path} ${why}`),
  ];
}
