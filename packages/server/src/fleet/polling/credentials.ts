/**
 * A token from a file, read again when the file has changed. It is held nowhere else and never told.
 */
import { readFileSync, statSync } from 'node:fs';
import { stampOf } from '../file/file-stamp.js';

export interface Credentials {
  /** The value of an `Authorization` header; `null` while the file holds no token. */
  header(): string | null;
  /** Reads the file again at the next request, whatever its time says. */
  refresh(): void;
}

const LONGEST_TOKEN = 4_096;
/** How often the file is looked at. */
const LOOK_MS = 5_000;

export function createCredentials(path: string): Credentials {
  let stamp = '';
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  let header: string | null = null;

  function read(): void {
    try {
      const now = stampOf(path);
      if (now === stamp) return;
      stamp = now;
      const token = statSync(path).size > LONGEST_TOKEN ? '' : readFileSync(path, 'utf8').trim();
      header = /^[\x21-\x7e]+$/.test(token) ? `Bearer ${token}` : null;
    } catch {
      header = null;
      stamp = '';
    }
  }

  return {
    header() {
      const nowMs = performance.now();
      if (nowMs - lookedAtMs >= LOOK_MS) {
        lookedAtMs = nowMs;
        read();
      }
      return header;
    },
    refresh() {
      lookedAtMs = Number.NEGATIVE_INFINITY;
      stamp = '';
    },
  };
}
