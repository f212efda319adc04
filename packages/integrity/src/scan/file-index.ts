/**
 * Everything known of a tree: each folder with what it holds, each file with its digest, and the stats under which
 * they were read. A scan reads only what moved.
 */
import { allFiles, allFolders, newCachedFolder, NO_ROW, refreshFolder } from './cached-files.js';
import type { CachedFile, CachedFolder } from './cached-files.js';
import { createFileReader, MAX_FILE_BYTES } from './digest.js';
import { createFileCache, type OnProgress } from './file-cache.js';
import { isSameStat, readStat } from './file-stat.js';
import { hashFiles, type ManifestEntry } from './manifest.js';
import { touchBetween, type Touch } from './touch.js';
import { startReadSession, type ReadSession } from './read-files.js';
import { SourceError, type ScanError } from './scan-error.js';
import { createExclusion, type Scope } from './scope.js';
import { below } from './walk.js';

/** A tree at one moment. */
export interface ScanResult {
  /** 64 lower-case hexadecimal digits. */
  readonly hash: string;
  readonly files: number;
  readonly bytes: number;
}

/** Synchronous throughout. */
export interface FileIndex {
  /**
   * Checks every entry and reads those that are new or moved. Returns the previous object unless a file came, went
   * or changed.
   *
   * @throws SourceError with every entry that stands in the way
   */
  scan(onProgress?: OnProgress): ScanResult;
  /**
   * Reads files again whatever their stats say, round after round, for about `budgetMs`. The next scan reports what
   * changed.
   *
   * @returns whether the round is complete
   */
  reread(budgetMs: number): boolean;
  /**
   * Entries whose stat moved since the scan before although nothing else did, each told once: a file with its old
   * content, a folder with its old entries.
   */
  takeTouches(): readonly Touch[];
  /** The files as of the last scan, in no order. */
  entries(): ManifestEntry[];
  /** The paths of all folders as of the last scan, `''` for the root. */
  folders(): string[];
}

/** What one pass over the tree came upon. */
interface Pass {
  readonly scanErrors: readonly ScanError[];
  /** A folder, or a folder of a file, that went away during the pass. */
  readonly movedFolder: string | undefined;
}

/** A tree that moves during a scan is scanned again, this often at most. */
const TRIES = 3;

export interface FileIndexOptions {
  /** Of one file; a larger one is named, not read. */
  readonly maxFileBytes?: number;
  /** What reads the files, for tests. */
  readonly createReader?: typeof createFileReader;
}

export function createFileIndex(
  scope: Scope,
  { maxFileBytes = MAX_FILE_BYTES, createReader = createFileReader }: FileIndexOptions = {},
): FileIndex {
  const { root } = scope;
  const excludes = createExclusion(scope.exclude);
  const top = newCachedFolder('');
  const cache = createFileCache(
    root,
    () => allFiles(top),
    (onBytes) => createReader(onBytes, maxFileBytes),
  );
  let last: ScanResult | undefined;
  /** Whether a folder was listed since `last` was made, and the revision of the files then. */
  let hasListed = false;
  let lastRevision = cache.revision();
  let folderTouches: Touch[] = [];
  let round: readonly CachedFile[] = [];
  let nextInRound = 0;

  function pass(session: ReadSession): Pass {
    const scanErrors: ScanError[] = [];
    const unread: CachedFile[] = [];
    const waiting = [top];
    for (let folder = waiting.pop(); folder; folder = waiting.pop()) {
      const { stat: statBefore, files: filesBefore, folders: foldersBefore } = folder;
      const found = refreshFolder(folder, root, excludes);
      if (found === 'gone') return { scanErrors, movedFolder: folder.path };
      if (found === 'listed') {
        hasListed = true;
        const isSame = hasSame(filesBefore, folder.files) && hasSame(foldersBefore, folder.folders);
        const touch =
          statBefore && folder.stat && isSame && touchBetween(folder.path, statBefore, folder.stat);
        if (touch) folderTouches.push(touch);
      }
      if (found !== 'listed' && found !== 'same') {
        scanErrors.push(found);
        continue;
      }
      for (const scanError of folder.scanErrors) scanErrors.push(scanError);
      for (const child of folder.folders) waiting.push(child);
      for (const file of folder.files) {
        const isStill = cache.check(file);
        if (isStill === 'gone') return { scanErrors, movedFolder: folder.path };
        if (!isStill) session.expect(unread.push(file));
      }
    }
    const read = cache.read(unread, session);
    return {
      scanErrors: [...scanErrors, ...read.scanErrors],
      movedFolder: read.gone === undefined ? undefined : folderOf(read.gone),
    };
  }

  /** Totals over all files. Returns the previous object if the hash is unchanged. */
  function totals(): ScanResult {
    const files = allFiles(top);
    if (files.length === 0) throw new SourceError([{ code: 'E_EMPTY', path: '.', cause: '' }]);
    const hash = hashFiles(files, cache.digest);
    if (hash === last?.hash) return last;
    return { hash, files: files.length, bytes: files.reduce((sum, file) => sum + cache.size(file), 0) };
  }

  function scanWith(session: ReadSession): ScanResult {
    let movedFolder = '';
    for (let tries = 1; tries <= TRIES; tries += 1) {
      const found = pass(session);
      const isUnchanged = !hasListed && cache.revision() === lastRevision;
      if (last && isUnchanged && found.movedFolder === undefined && found.scanErrors.length === 0)
        return last;
      const moved = found.movedFolder ?? folderThatMoved(top, root);
      if (moved === undefined) {
        if (found.scanErrors.length > 0) throw new SourceError(inOrder(found.scanErrors));
        last = totals();
        hasListed = false;
        lastRevision = cache.revision();
        return last;
      }
      movedFolder = moved;
    }
    throw new SourceError([{ code: 'E_UNSTABLE', path: movedFolder === '' ? '.' : movedFolder, cause: '' }]);
  }

  return {
    scan(onProgress = () => undefined) {
      cache.onProgress(onProgress);
      const session = startReadSession(root, maxFileBytes);
      try {
        return scanWith(session);
      } finally {
        session.close();
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
        if (file && file.row !== NO_ROW) cache.reread(file);
      }
      return nextInRound >= round.length;
    },
    takeTouches() {
      const taken = [...folderTouches, ...cache.takeTouches()];
      folderTouches = [];
      return taken;
    },
    entries: () =>
      allFiles(top)
        .filter(cache.isKnown)
        .map((file) => ({ path: file.path, digest: cache.digest(file) })),
    folders: () => allFolders(top).map(({ path }) => path),
  };
}

/** Whether these are the very same entries: what stays keeps its own, see `refreshFolder`. */
function hasSame(before: readonly unknown[], after: readonly unknown[]): boolean {
  const known = new Set(before);
  return before.length === after.length && after.every((entry) => known.has(entry));
}

/** The first folder that is no longer what it was when it was listed: a file came or went meanwhile. */
function folderThatMoved(top: CachedFolder, root: string): string | undefined {
  return allFolders(top).find(({ path, stat }) => {
    if (!stat) return false;
    const stats = readStat(below(root, path));
    return !stats || !isSameStat(stat, stats);
  })?.path;
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** By path, whichever thread was there first. */
function inOrder(scanErrors: readonly ScanError[]): ScanError[] {
  return scanErrors.toSorted((a, b) => (a.path < b.path ? -1 : Number(a.path > b.path)));
}
