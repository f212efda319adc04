/**
 * Everything known of a tree: each folder with what it holds, each file with its digest, and the stamps under which
 * they were read. Looking again reads only what moved.
 */
import { createFileReader } from './digest.js';
import { hashOf, type ManifestEntry } from './manifest.js';
import { SourceError, systemCode, type Refusal } from './refusal.js';
import { createExclusion, type Scope } from './scope.js';
import { isSame, isSettled, lookAt, stampOf, type Stamp } from './stamp.js';
import { below, listFolder, type Listing } from './walk.js';

/** A tree at one moment. */
export interface Survey {
  /** 64 lower-case hexadecimal digits. */
  readonly hash: string;
  readonly files: number;
  readonly bytes: number;
}

/** How far a survey has come. */
export interface Progress {
  readonly files: number;
  readonly bytes: number;
}

export interface Inventory {
  /**
   * Looks at every entry, reads what is new or moved, and says what the tree is now. Synchronous.
   *
   * @throws SourceError with every entry that stands in the way
   */
  survey(onProgress?: (progress: Progress) => void): Survey;
  /** The files as of the last survey, in no order. */
  entries(): ManifestEntry[];
}

interface KnownFolder extends Listing {
  readonly stamp: Stamp;
  readonly settled: boolean;
}

interface KnownFile {
  readonly stamp: Stamp;
  readonly digest: string;
  readonly settled: boolean;
}

/** A tree that moves while it is looked at is looked at again, this often at most. */
const TRIES = 3;

export function createInventory(scope: Scope): Inventory {
  const { root } = scope;
  const excludes = createExclusion(scope.exclude);
  const readFile = createFileReader();
  let folders = new Map<string, KnownFolder>();
  let files = new Map<string, KnownFile>();

  /** One pass over the tree: every entry that stands in the way, or the one that vanished under it. */
  function pass(onProgress: ((progress: Progress) => void) | undefined): Refusal[] | { moved: string } {
    const nextFolders = new Map<string, KnownFolder>();
    const nextFiles = new Map<string, KnownFile>();
    const refusals: Refusal[] = [];
    let bytes = 0;
    const waiting = [''];

    // What was read stays known even when the pass comes to nothing, so that the next one costs only what moved.
    function gone(path: string): { moved: string } {
      for (const [known, folder] of nextFolders) folders.set(known, folder);
      for (const [known, file] of nextFiles) files.set(known, file);
      return { moved: path };
    }

    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      const folder = readFolder(path);
      if (folder === 'gone') return gone(path);
      if ('code' in folder) {
        refusals.push(folder);
        continue;
      }
      nextFolders.set(path, folder);
      refusals.push(...folder.refusals);
      for (const child of folder.folders) waiting.push(child);
      for (const filePath of folder.files) {
        const file = readKnownFile(filePath);
        if (file === 'gone') return gone(filePath);
        if ('code' in file) {
          refusals.push(file);
          continue;
        }
        nextFiles.set(filePath, file);
        bytes += Number(file.stamp.size);
        onProgress?.({ files: nextFiles.size, bytes });
      }
    }
    folders = nextFolders;
    files = nextFiles;
    return refusals;
  }

  function readFolder(path: string): KnownFolder | Refusal | 'gone' {
    const absolutePath = below(root, path);
    try {
      const stats = lookAt(absolutePath);
      if (!stats?.isDirectory()) return path === '' ? refusedRoot(stats !== undefined) : 'gone';
      const stamp = stampOf(stats);
      const known = folders.get(path);
      if (known?.settled && isSame(known.stamp, stamp)) return known;
      const readAtMs = Date.now();
      return { ...listFolder(root, path, excludes), stamp, settled: isSettled(stamp, readAtMs) };
    } catch (error) {
      const cause = systemCode(error);
      if (cause === 'ENOENT' && path !== '') return 'gone';
      return { code: 'E_READ', path: path === '' ? '.' : path, cause };
    }
  }

  function readKnownFile(path: string): KnownFile | Refusal | 'gone' {
    const absolutePath = below(root, path);
    const known = files.get(path);
    if (known?.settled) {
      const stats = lookAt(absolutePath);
      if (!stats) return 'gone';
      if (isSame(known.stamp, stampOf(stats))) return known;
    }
    const reading = readFile(absolutePath);
    if (reading === 'gone') return 'gone';
    if ('refused' in reading) return { code: reading.refused, path, cause: reading.cause };
    const { stamp, digest, readAtMs } = reading;
    return { stamp, digest, settled: isSettled(stamp, readAtMs) };
  }

  /** The first folder that is no longer what it was when it was listed: a file came or went meanwhile. */
  function movedFolder(): string | undefined {
    for (const [path, folder] of folders) {
      const stats = lookAt(below(root, path));
      if (!stats || !isSame(folder.stamp, stampOf(stats))) return path;
    }
    return undefined;
  }

  function entries(): ManifestEntry[] {
    return Array.from(files, ([path, { digest }]) => ({ path, digest }));
  }

  return {
    survey(onProgress) {
      let moved: string | undefined;
      for (let tries = 1; tries <= TRIES; tries += 1) {
        const refusals = pass(onProgress);
        moved = Array.isArray(refusals) ? movedFolder() : refusals.moved;
        if (moved !== undefined || !Array.isArray(refusals)) continue;
        if (refusals.length > 0) throw new SourceError(refusals);
        if (files.size === 0) throw new SourceError([{ code: 'E_EMPTY', path: '.', cause: '' }]);
        let bytes = 0;
        for (const { stamp } of files.values()) bytes += Number(stamp.size);
        return { hash: hashOf(entries()), files: files.size, bytes };
      }
      throw new SourceError([{ code: 'E_UNSTABLE', path: moved === '' ? '.' : (moved ?? '.'), cause: '' }]);
    },
    entries,
  };
}

function refusedRoot(exists: boolean): Refusal {
  return { code: 'E_READ', path: '.', cause: exists ? 'ENOTDIR' : 'ENOENT' };
}
