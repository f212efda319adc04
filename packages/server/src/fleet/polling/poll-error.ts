/**
 * What the error of a poll says about the instance, or about the watcher itself. By codes: messages name hosts.
 */
import { errorCode } from 'portal-shared/error-code';
import { TimeoutError } from 'portal-shared/with-timeout';
import type { InstanceProblem } from '../fleet-problems.js';
import { EncodedBodyError, PollTimeoutError } from './exchange.js';
import { AddressNotAllowedError } from './resolve.js';

const TIMEOUTS: ReadonlySet<string> = new Set([
  'ETIMEDOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
]);
const TOO_LARGE: ReadonlySet<string> = new Set([
  'HPE_HEADER_OVERFLOW',
  'UND_ERR_HEADERS_OVERFLOW',
  'UND_ERR_RES_EXCEEDED_MAX_SIZE',
]);
/**
 * Descriptors or memory of the watcher. Not `EADDRNOTAVAIL`: where IPv6 is off, any IPv6 address gives it, and one such target
 * would make the watcher blind for all others.
 */
const OWN: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM']);
const LOST: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);
/** As OpenSSL and Node name what is wrong with a certificate or a handshake. */
const TLS =
  /^(ERR_TLS_|ERR_SSL_|CERT_|CRL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERROR_IN_CERT_|HOSTNAME_MISMATCH|INVALID_|PATH_LENGTH_|EPROTO)/;

export function problemOf(error: unknown): InstanceProblem {
  if (error instanceof PollTimeoutError || error instanceof TimeoutError) return 'INSTANCE_TIMEOUT';
  if (error instanceof AddressNotAllowedError) return 'INSTANCE_ADDRESS_NOT_ALLOWED';
  if (error instanceof EncodedBodyError) return 'INSTANCE_NOT_HEALTH';
  const code = errorCode(error);
  if (TIMEOUTS.has(code)) return 'INSTANCE_TIMEOUT';
  if (TOO_LARGE.has(code)) return 'INSTANCE_TOO_LARGE';
  if (TLS.test(code)) return 'INSTANCE_TLS';
  // The parser of HTTP: what came was none.
  if (code.startsWith('HPE_') || code === 'HTTPParserError') return 'INSTANCE_NOT_HEALTH';
  return 'INSTANCE_REFUSED';
}

export function isOwnTrouble(error: unknown): boolean {
  return OWN.has(errorCode(error));
}

/** Ended by the other side. */
export function isConnectionLost(error: unknown): boolean {
  return LOST.has(errorCode(error));
}
