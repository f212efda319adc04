/**
 * Everything known of a tree: each folder with what it holds, each file with its digest, and the stats under which
 * they were read. A scan reads only what moved.
 */
import { NO_ROW, type CachedFile } from './cached-files.js';
import { createFileReader, MAX_FILE_BYTES } from './digest.js';
import { createFileCache, type OnProgress } from './file-cache.js';
import { createFolderTree, type Pass } from './folder-tree.js';
import { hashFiles, type ManifestEntry } from './manifest.js';
import type { Touch } from './touch.js';
import { startReadSession, type ReadSession } from './read-files.js';
import { SourceError, type ScanError } from './scan-error.js';
import type { Link, Scope } from './scope.js';

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
  /** Files whose ctime is younger than `sinceMs`, as of the last scan, in no order. */
  changedSince(sinceMs: number): string[];
  /** The links that may be there, as of the last scan, in no order. */
  links(): Link[];
  /** What is left out and may lie only where it was signed, or was at the start; as of the last scan, in no order. */
  leftOut(): string[];
  /** From now on a `node_modules` that is left out may lie only where one does. */
  settleModules(): void;
  /** The paths of all folders as of the last scan, `''` for the root. */
  folders(): string[];
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
  const tree = createFolderTree(scope, (files) => cache.lose(files));
  const cache = createFileCache(root, tree.files, (onBytes) => createReader(onBytes, maxFileBytes));
  let last: ScanResult | undefined;
  /** The revisions of folders and files when `last` was made. */
  let lastRevisions = revisions();
  let round: readonly CachedFile[] = [];
  let nextInRound = 0;

  function revisions(): string {
    return `${tree.revision()} ${cache.revision()}`;
  }

  function pass(session: ReadSession): Pass {
    const unread: CachedFile[] = [];
    const found = tree.walk((file) => {
      const isStill = cache.check(file);
      if (isStill === false) session.expect(unread.push(file));
      return isStill !== 'gone';
    });
    if (found.movedFolder !== undefined) return found;
    const read = cache.read(unread, session);
    return {
      scanErrors: [...found.scanErrors, ...read.scanErrors],
      movedFolder: read.gone === undefined ? undefined : folderOf(read.gone),
    };
  }

  /** Totals over all files. Returns the previous object if the hash is unchanged. */
  function totals(): ScanResult {
    const files = tree.files();
    if (files.length === 0) throw new SourceError([{ code: 'E_EMPTY', path: '.', cause: '' }]);
    const hash = hashFiles(files, cache.digest);
    if (hash === last?.hash) return last;
    return { hash, files: files.length, bytes: files.reduce((sum, file) => sum + cache.size(file), 0) };
  }

  function scanWith(session: ReadSession): ScanResult {
    let movedFolder = '';
    for (let tries = 1; tries <= TRIES; tries += 1) {
      const found = pass(session);
      const isUnchanged = revisions() === lastRevisions;
      if (last && isUnchanged && found.movedFolder === undefined && found.scanErrors.length === 0)
        return last;
      const moved = found.movedFolder ?? tree.movedFolder();
      if (moved === undefined) {
        if (found.scanErrors.length > 0) throw new SourceError(inOrder(found.scanErrors));
        last = totals();
        lastRevisions = revisions();
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
        round = tree.files();
        nextInRound = 0;
      }
      for (; nextInRound < round.length && performance.now() < untilMs; nextInRound += 1) {
        const file = round[nextInRound];
        if (file && file.row !== NO_ROW) cache.reread(file);
      }
      return nextInRound >= round.length;
    },
    takeTouches: () => [...tree.takeTouches(), ...cache.takeTouches()],
    entries: () =>
      tree
        .files()
        .filter(cache.isKnown)
        .map((file) => ({ path: file.path, digest: cache.digest(file) })),
    changedSince: (sinceMs) =>
      tree
        .files()
        .filter((file) => cache.isKnown(file) && cache.stat(file).ctimeMs > sinceMs)
        .map(({ path }) => path),
    links: tree.links,
    leftOut: tree.leftOut,
    settleModules: tree.settleModules,
    folders: () => tree.folders().map(({ path }) => path),
  };
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** By path, whichever thread was there first. */
function inOrder(scanErrors: readonly ScanError[]): ScanError[] {
  return scanErrors.toSorted((a, b) => (a.path < b.path ? -1 : Number(a.path > b.path)));
}
