/**
 * What was read of the files of a tree, and under which stats.
 */
import type { CachedFile } from './cached-files.js';
import type { FileRead } from './digest.js';
import { createFileRows, type FileRows } from './file-rows.js';
import { readStat, type FileStat } from './file-stat.js';
import { touchBetween, type Touch } from './touch.js';
import type { ReadSession } from './read-files.js';
import type { ScanError } from './scan-error.js';
import { below } from './walk.js';

/** Called for every portion of a file. */
export type OnProgress = (filesRead: number, bytesRead: number) => void;

export interface FileCache extends Pick<FileRows, 'isKnown' | 'digest' | 'size' | 'stat'> {
  /** Whether nothing moved since the file was last read. */
  check(file: CachedFile): boolean | 'gone';
  /** @returns what cannot be read, and the path of a file that is gone */
  read(
    files: readonly CachedFile[],
    session: ReadSession,
  ): { readonly scanErrors: readonly ScanError[]; readonly gone: string | undefined };
  /** Keeps what is known of files that are out of reach, to be compared when they are back. */
  lose(files: readonly CachedFile[]): void;
  /** Reads the file whatever its stat says. */
  reread(file: CachedFile): void;
  /** Another number whenever a file was read for the first time, was found changed, or can no longer be read. */
  revision(): number;
  /** Files that were read again, under another stat and with the digest of before; each is told once. */
  takeTouches(): readonly Touch[];
  onProgress(report: OnProgress): void;
}

/** What was read of a file, and under which stat. */
interface Known {
  readonly digest: string;
  readonly stat: FileStat;
}

/** @param cachedFiles - every file of the tree */
export function createFileCache(
  root: string,
  cachedFiles: () => readonly CachedFile[],
  createReader: (onBytes: (count: number) => void) => (absolutePath: string) => FileRead,
): FileCache {
  const rows = createFileRows(cachedFiles);
  const readFile = createReader(countBytes);
  let revision = 0;
  let filesRead = 0;
  let bytesRead = 0;
  let touches: Touch[] = [];
  const lost = new Map<string, Known>();
  let report: OnProgress = () => undefined;

  function countBytes(bytes: number): void {
    bytesRead += bytes;
    report(filesRead, bytesRead);
  }

  function countFile(isNew: boolean): void {
    filesRead += 1;
    if (isNew) revision += 1;
  }

  function note(file: CachedFile, read: FileRead): ScanError | 'gone' | undefined {
    if (read !== 'gone' && 'digest' in read) {
      countFile(rows.set(file, read));
      return undefined;
    }
    if (read !== 'gone') lose([file]);
    rows.forget(file);
    revision += 1;
    return read === 'gone' ? 'gone' : { code: read.code, path: file.path, cause: read.cause };
  }

  function lose(files: readonly CachedFile[]): void {
    for (const file of files) {
      if (rows.isKnown(file)) lost.set(file.path, { digest: rows.digest(file), stat: rows.stat(file) });
    }
  }

  function knownOf(file: CachedFile): Known | undefined {
    if (!rows.isKnown(file)) return lost.get(file.path);
    return { digest: rows.digest(file), stat: rows.stat(file) };
  }

  return {
    lose,
    check(file) {
      if (!rows.isSettled(file)) return false;
      const stats = readStat(below(root, file.path));
      return stats ? rows.isStill(file, stats) : 'gone';
    },
    read(files, session) {
      const scanErrors: ScanError[] = [];
      let gone: string | undefined;
      const known = files.map((file) => [file, knownOf(file)] as const);
      rows.assign(files);
      session.read({
        files,
        table: rows.table(),
        readFile,
        onBytes: countBytes,
        each(index, read) {
          const file = files[index];
          const problem = file && note(file, read);
          if (problem === 'gone') gone ??= file?.path;
          else if (problem) scanErrors.push(problem);
        },
        eachOfOthers: (_index, isNew) => countFile(isNew),
        onStray: () => rows.detach(),
      });
      for (const [file, before] of known) {
        if (!before || !rows.isKnown(file)) continue;
        lost.delete(file.path);
        if (rows.digest(file) !== before.digest) continue;
        const touch = touchBetween(file.path, before.stat, rows.stat(file));
        if (touch) touches.push(touch);
      }
      return { scanErrors, gone };
    },
    reread: (file) => void note(file, readFile(below(root, file.path))),
    revision: () => revision,
    takeTouches() {
      const taken = touches;
      touches = [];
      return taken;
    },
    onProgress(listener) {
      report = listener;
    },
    isKnown: (file) => rows.isKnown(file),
    digest: (file) => rows.digest(file),
    size: (file) => rows.size(file),
    stat: (file) => rows.stat(file),
  };
}
