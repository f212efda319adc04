/**
 * Statements that lie at the watcher, one a line, read again when their file changes: for services whose instances are not asked
 * themselves. What was read before stays known, so that those which are not on the newest release yet run a known one.
 */
import { readFileSync, statSync } from 'node:fs';
import { stampOf } from '../file/file-stamp.js';
import { createPinnedKeys, type KnownStatement, type PinnedRelease, type Signed } from './pinned-keys.js';

export interface ReleaseFile {
  /** Of each statement that is in the file. */
  signed(): readonly Signed[];
  /** Of the last that were in it, as far as they are believed. */
  signedBefore(): readonly Signed[];
}

/** How often it is looked at. */
const LOOK_MS = 5_000;
const LONGEST = 256 * 1024;
const MOST_BEFORE = 8;

export function createReleaseFile(pinned: PinnedRelease, path: string): ReleaseFile {
  const keys = createPinnedKeys(pinned);
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  let stamp: string | undefined;
  let current: readonly KnownStatement[] = [];
  let before: readonly KnownStatement[] = [];

  function read(): void {
    before = [...new Set([...current, ...before])].slice(0, MOST_BEFORE);
    current = linesOf(path).map((line) => keys.statement(line));
  }

  function look(): void {
    const nowMs = performance.now();
    if (nowMs - lookedAtMs < LOOK_MS) return;
    lookedAtMs = nowMs;
    const now = stampOf(path);
    if (now !== stamp) read();
    stamp = now;
  }

  return {
    signed() {
      look();
      return current.length === 0 ? [{ kind: 'refused', code: 'E_FILE' }] : current.map(signedHere);
    },
    signedBefore: () =>
      before
        .filter((one) => !current.includes(one))
        .map((one) => one.signed())
        .filter(({ kind }) => kind === 'believed'),
  };
}

/** Here it was meant as a statement. */
function signedHere(statement: KnownStatement): Signed {
  const signed = statement.signed();
  return signed.kind === 'none' ? { kind: 'refused', code: 'E_ENVELOPE' } : signed;
}

function linesOf(path: string): readonly string[] {
  try {
    if (statSync(path).size > LONGEST) return [];
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== '');
  } catch {
    return [];
  }
}
