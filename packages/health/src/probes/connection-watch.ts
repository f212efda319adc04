/**
 * What a probe's own connection shows besides: until when the server's certificate holds, and how long its name took to look
 * up. Of a driver that keeps its socket to itself neither is known.
 */
import type { ConnectionFacts } from '../types.js';
import { member } from '../unknown.js';

export interface ConnectionWatch {
  /** The driver has begun to connect with this socket. */
  connecting(socket: unknown): void;
  /** The name was looked up, where the driver lets us see that in another way. */
  lookedUp(tookMs: number): void;
  /** The server has answered over this socket. */
  answered(socket: unknown): void;
  /** The server has shown this certificate, where the driver lets us see that in another way. */
  certificate(shown: unknown): void;
  facts(): ConnectionFacts;
}

/** Certificates seldom change: to read one takes some 50 µs. */
const READ_AGAIN_MS = 600_000;

export function createConnectionWatch(): ConnectionWatch {
  let lookUpMs: number | null = null;
  let certificateEndsAtMs: number | null = null;
  let readAtMs = Number.NEGATIVE_INFINITY;
  return {
    connecting(socket) {
      lookUpMs = null;
      if (!isListened(socket) || member(socket, 'connecting') !== true) return;
      const beganMs = performance.now();
      socket.once('lookup', () => {
        lookUpMs = performance.now() - beganMs;
      });
    },
    lookedUp(tookMs) {
      lookUpMs = tookMs;
    },
    answered(socket) {
      const nowMs = performance.now();
      if (nowMs - readAtMs < READ_AGAIN_MS) return;
      readAtMs = nowMs;
      certificateEndsAtMs = certificateEnd(socket);
    },
    certificate(shown) {
      certificateEndsAtMs = endOf(shown);
      readAtMs = performance.now();
    },
    facts: () => ({ certificateEndsAtMs, lookUpMs }),
  };
}

function isListened(socket: unknown): socket is { once(event: 'lookup', listener: () => void): unknown } {
  return typeof member(socket, 'once') === 'function';
}

/** In milliseconds since 1970; `null` without TLS, and where nobody checks the certificate, so that its end is none of anything. */
function certificateEnd(socket: unknown): number | null {
  const read = member(socket, 'getPeerCertificate');
  if (typeof read !== 'function' || member(socket, 'authorized') !== true) return null;
  try {
    return endOf(Reflect.apply(read, socket, []));
  } catch {
    return null;
  }
}

function endOf(certificate: unknown): number | null {
  const endsAtMs = Date.parse(String(member(certificate, 'valid_to')));
  return Number.isFinite(endsAtMs) ? endsAtMs : null;
}
