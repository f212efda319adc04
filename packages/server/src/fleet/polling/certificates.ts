/**
 * The authority that a service is checked by and the certificate that the watcher shows it, from files: read again when one
 * has changed, so that they can be replaced while all goes on.
 */
import { readFileSync, statSync } from 'node:fs';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { TlsFiles } from '../file/fleet-file.js';
import { stampOf } from '../file/file-stamp.js';

export interface Certificates {
  /**
   * The last that could be used: a certificate is replaced before its key, and for that moment the two do not belong together.
   *
   * @returns the same object until a file has changed; `undefined` where none could be used yet: those of the system count,
   * and an instance that these do not know says INSTANCE_TLS
   */
  current(): SecureContext | undefined;
}

/** How often the files are looked at. */
const LOOK_MS = 5_000;
const LONGEST = 1024 * 1024;

export function createCertificates(files: Pick<TlsFiles, 'caFile' | 'certFile' | 'keyFile'>): Certificates {
  const paths = [files.caFile, files.certFile, files.keyFile].filter((path) => path !== null);
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  let stamp = '';
  let context: SecureContext | undefined;

  function look(): void {
    // Before they are read: what changes meanwhile is another one at the next look.
    const now = paths.map(stampOf).join('\n');
    if (now === stamp) return;
    stamp = now;
    try {
      context = read(files);
    } catch {
      // One of them is missing, or half of the change is still to come. Perhaps it was only this process that could not read.
      stamp = '';
    }
  }

  return {
    current() {
      const nowMs = performance.now();
      if (nowMs - lookedAtMs >= LOOK_MS) {
        lookedAtMs = nowMs;
        look();
      }
      return context;
    },
  };
}

function read({
  caFile,
  certFile,
  keyFile,
}: Pick<TlsFiles, 'caFile' | 'certFile' | 'keyFile'>): SecureContext {
  return createSecureContext({
    ...(caFile !== null && { ca: bytesOf(caFile) }),
    ...(certFile !== null && { cert: bytesOf(certFile) }),
    ...(keyFile !== null && { key: bytesOf(keyFile) }),
  });
}

function bytesOf(path: string): Buffer {
  if (statSync(path).size > LONGEST) throw new RangeError('A certificate is shorter.');
  return readFileSync(path);
}
