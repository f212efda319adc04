/**
 * Everything known of a tree: each folder with what it holds, each file with its digest, and the stamps under which
 * they were read. Looking again reads only what moved.
 */
import { createFileReader, type FileRead } from './digest.js';
import {
  allFiles,
  allFolders,
  carryOver,
  newCachedFile,
  newCachedFolder,
  NO_ROW,
  unreadableFolder,
} from './cached-files.js';
import type { CachedFile, CachedFolder } from './cached-files.js';
import { hashFiles, type ManifestEntry } from './manifest.js';
import { startReadSession, type ReadSession } from './read-files.js';
import { createFileTable } from './file-table.js';
import { SourceError, type ScanError } from './scan-error.js';
import { systemCode } from 'portal-shared/error-code';
import { createExclusion, type Scope } from './scope.js';
import { isFresh, isSameStat, readStat, fileStatOf, waitForTick } from './file-stat.js';
import { below, listFolder } from './walk.js';

/** A tree at one moment. */
export interface ScanResult {
  /** 64 lower-case hexadecimal digits. */
  readonly hash: string;
  readonly files: number;
  readonly bytes: number;
}

/** How far a survey has come; called for every portion of a file. */
export type OnProgress = (filesRead: number, bytesRead: number) => void;

/** A known tree. All of it is synchronous. */
export interface FileIndex {
  /**
   * Looks at every entry, reads what is new or moved, and says what the tree is now. The same object as last time
   * unless a file came, went or changed.
   *
   * @throws SourceError with every entry that stands in the way
   */
  scan(onProgress?: OnProgress): ScanResult;
  /**
   * Reads files again whatever their stamps say, going round and round, for about `budgetMs`. The next survey tells
   * what came of it.
   *
   * @returns whether the round is complete
   */
  reread(budgetMs: number): boolean;
  /** The files as of the last survey, in no order. */
  entries(): ManifestEntry[];
  /** The paths of all folders as of the last survey, `''` for the root. */
  folders(): string[];
}

/** A tree that moves while it is looked at is looked at again, this often at most. */
const TRIES = 3;

/** So much more room than there are files, for those that will come. */
const ROOM_TO_GROW = 1.25;

/** @param createReader - what reads the files, for tests */
export function createFileIndex(scope: Scope, createReader = createFileReader): FileIndex {
  const { root } = scope;
  const excludes = createExclusion(scope.exclude);
  const readFile = createReader(count);
  const top = newCachedFolder('');
  let readings = createFileTable(0);
  let rowsTaken = 0;
  let last: ScanResult | undefined;
  /** Whether anything was read since `last` was made. */
  let moved = false;
  let round: readonly CachedFile[] = [];
  let nextInRound = 0;
  let filesRead = 0;
  let bytesRead = 0;
  let report: OnProgress = () => undefined;

  function count(bytes: number): void {
    bytesRead += bytes;
    report(filesRead, bytesRead);
  }

  /** One pass over the tree: every entry that stands in the way, or the one that went away under it. */
  function pass(reading: ReadSession): ScanError[] | { readonly gone: string } {
    const refusals: ScanError[] = [];
    const unread: CachedFile[] = [];
    const waiting = [top];
    for (let folder = waiting.pop(); folder; folder = waiting.pop()) {
      const refused = scanFolder(folder);
      if (refused === 'gone') return { gone: folder.path };
      if (refused) {
        refusals.push(refused);
        continue;
      }
      for (const refusal of folder.scanErrors) refusals.push(refusal);
      for (const child of folder.folders) waiting.push(child);
      for (const file of folder.files) {
        const isKnown = statFile(file);
        if (isKnown === 'gone') return { gone: folder.path };
        if (!isKnown) reading.expect(unread.push(file));
      }
    }
    giveRows(unread);
    const gone: string[] = [];
    reading.read({
      files: unread,
      table: readings,
      readFile,
      onBytes: count,
      each(index, read) {
        const file = unread[index];
        if (!file) return;
        const refused = noteReading(file, read);
        if (refused === 'gone') gone.push(file.path);
        else if (refused) refusals.push(refused);
      },
      eachOfOthers(_index, isNew) {
        filesRead += 1;
        if (isNew) moved = true;
      },
      onStray() {
        readings = createFileTable(readings.rows, readings.memory.slice());
      },
    });
    const [first] = gone;
    return first === undefined ? refusals : { gone: first.slice(0, Math.max(0, first.lastIndexOf('/'))) };
  }

  /** A row for every file that has none; when there is no room, those of files that are gone are given up. */
  function giveRows(files: readonly CachedFile[]): void {
    const without = files.filter(({ row }) => row === NO_ROW);
    if (rowsTaken + without.length > readings.rows) {
      const cached = allFiles(top).filter(({ row }) => row !== NO_ROW);
      const larger = createFileTable(Math.ceil((cached.length + without.length) * ROOM_TO_GROW));
      for (const [row, file] of cached.entries()) {
        larger.copy(row, readings, file.row);
        file.row = row;
      }
      readings = larger;
      rowsTaken = cached.length;
    }
    for (const file of without) {
      file.row = rowsTaken;
      rowsTaken += 1;
    }
  }

  /** Lists the folder unless nothing moved since it was last listed. */
  function scanFolder(folder: CachedFolder): ScanError | 'gone' | undefined {
    const { path } = folder;
    try {
      const stats = readStat(below(root, path));
      if (!stats?.isDirectory()) {
        return path === '' ? unreadableFolder(folder, stats ? 'ENOTDIR' : 'ENOENT') : 'gone';
      }
      if (folder.stat && isSameStat(folder.stat, stats)) return undefined;
      moved = true;
      const stamp = fileStatOf(stats);
      // Otherwise a file could come while we list, and leave the very stamp that was there before.
      if (isFresh(stamp)) waitForTick();
      const listing = listFolder(root, path, excludes);
      folder.files = carryOver(listing.files, folder.files, newCachedFile);
      folder.folders = carryOver(listing.folders, folder.folders, newCachedFolder);
      folder.scanErrors = listing.scanErrors;
      folder.stat = stamp;
      return undefined;
    } catch (error) {
      const cause = systemCode(error);
      return cause === 'ENOENT' && path !== '' ? 'gone' : unreadableFolder(folder, cause);
    }
  }

  /** Whether nothing moved since the file was last read. */
  function statFile(file: CachedFile): boolean | 'gone' {
    if (file.row === NO_ROW || !readings.isSettled(file.row)) return false;
    const stats = readStat(below(root, file.path));
    return stats ? readings.isStill(file.row, stats) : 'gone';
  }

  function noteReading(file: CachedFile, reading: FileRead): ScanError | 'gone' | undefined {
    if (reading === 'gone' || 'code' in reading) {
      readings.forget(file.row);
      moved = true;
      return reading === 'gone' ? 'gone' : { code: reading.code, path: file.path, cause: reading.cause };
    }
    filesRead += 1;
    if (readings.set(file.row, reading)) moved = true;
    return undefined;
  }

  /** The first folder that is no longer what it was when it was listed: a file came or went meanwhile. */
  function folderThatMoved(): string | undefined {
    return allFolders(top).find(({ path, stat: stamp }) => {
      if (!stamp) return false;
      const stats = readStat(below(root, path));
      return !stats || !isSameStat(stamp, stats);
    })?.path;
  }

  function entries(): ManifestEntry[] {
    return allFiles(top)
      .filter(({ row }) => row !== NO_ROW && readings.isKnown(row))
      .map(({ path, row }) => ({ path, digest: readings.digest(row) }));
  }

  /** The figures of the files; the ones of last time when they come to the same. */
  function figures(): ScanResult {
    const files = allFiles(top);
    if (files.length === 0) throw new SourceError([{ code: 'E_EMPTY', path: '.', cause: '' }]);
    const hash = hashFiles(files, ({ row }) => readings.digest(row));
    if (hash === last?.hash) return last;
    return { hash, files: files.length, bytes: files.reduce((sum, { row }) => sum + readings.size(row), 0) };
  }

  function scanWith(reading: ReadSession): ScanResult {
    let restless = '';
    for (let tries = 1; tries <= TRIES; tries += 1) {
      const result = pass(reading);
      if (Array.isArray(result) && result.length === 0 && !moved && last) return last;
      const folder = Array.isArray(result) ? folderThatMoved() : result.gone;
      if (Array.isArray(result) && folder === undefined) {
        if (result.length > 0) throw new SourceError(inOrder(result));
        last = figures();
        moved = false;
        return last;
      }
      restless = folder ?? '';
    }
    throw new SourceError([{ code: 'E_UNSTABLE', path: restless === '' ? '.' : restless, cause: '' }]);
  }

  return {
    scan(onProgress = () => undefined) {
      report = onProgress;
      const reading = startReadSession(root);
      try {
        return scanWith(reading);
      } finally {
        reading.close();
      }
    },
    reread(budgetMs) {
      const untilMs = performance.now() + budgetMs;
      if (nextInRound >= round.length) {
        round = allFiles(top);
        nextInRound = 0;
      }
      for (; nextInRound < round.length && performance.now() < untilMs; nextInRound += 1) {
        const file = round[nextInRound];
        if (file && file.row !== NO_ROW) noteReading(file, readFile(below(root, file.path)));
      }
      return nextInRound >= round.length;
    },
    entries,
    folders: () => allFolders(top).map(({ path }) => path),
  };
}

/** By path, whichever thread was there first. */
function inOrder(refusals: readonly ScanError[]): ScanError[] {
  return refusals.toSorted((a, b) => (a.path < b.path ? -1 : Number(a.path > b.path)));
}
