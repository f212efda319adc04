/**
 * Reading what is not ours: drivers of any version, errors of anybody, values that checks return. A getter may throw,
 * a proxy may do anything; a probe must take it for a value that is not there.
 */
import type { Cause } from './types.js';

/** The member `key` of any value; `undefined` when there is none or reading it throws. */
export function member(value: unknown, key: string): unknown {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return undefined;
  try {
    return (value as Readonly<Record<string, unknown>>)[key];
  } catch {
    return undefined;
  }
}

/** True when every one of `keys` is a method of `value`. */
export function hasMethods(value: unknown, keys: readonly string[]): boolean {
  return keys.every((key) => typeof member(value, key) === 'function');
}

/** Longer codes are no codes. */
const CODE = /^[A-Za-z0-9_]{1,64}$/;

/** Enough of a message to find the fault by, for a log that is kept. */
const LONGEST_MESSAGE = 1_000;

/** What was thrown, whatever it was, for the log of the application: never for a client. */
export function causeOf(error: unknown): Cause {
  return { code: driverCode(error) ?? 'UNKNOWN', message: messageOf(error) };
}

/** The driver's own code (`ECONNREFUSED`, an SQLSTATE) when it looks like one. */
export function driverCode(error: unknown): string | undefined {
  const code = member(error, 'code');
  return typeof code === 'string' && CODE.test(code) ? code : undefined;
}

/** The driver's own words; empty when there are none. May hold anything, pieces of a password included. */
export function messageOf(error: unknown): string {
  const message = typeof error === 'string' ? error : member(error, 'message');
  return typeof message === 'string' ? message.slice(0, LONGEST_MESSAGE) : '';
}

/** What the operating system says when there is nobody to talk to, or not any more. */
const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  // A Unix socket that is not there, or is not for us.
  'ENOENT',
  'EACCES',
  'ENOTSOCK',
]);

/** True when the operating system says that the server cannot be reached. */
export function isUnreachable(error: unknown): boolean {
  return UNREACHABLE.has(driverCode(error) ?? '');
}

/** What Node calls a certificate that it does not accept. */
const CERTIFICATE =
  /^(ERR_TLS_CERT_|CERT_|CRL_|UNABLE_TO_(GET|VERIFY|DECRYPT|DECODE)_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_(CA|PURPOSE)$|PATH_LENGTH_|HOSTNAME_MISMATCH|ERROR_IN_C|ERR_SSL_.*(CERTIFICATE_VERIFY|KEY_TOO_SMALL|MD_TOO_WEAK))/;
/** What the other side says of ours. */
const OUR_CERTIFICATE = /^ERR_SSL_.*_ALERT_(.*CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)/;

/** True when it is the server's certificate that is not accepted. */
export function isCertificate(error: unknown): boolean {
  return CERTIFICATE.test(driverCode(error) ?? '');
}

/** True when the server does not accept the certificate that it is shown, which is a login that it refuses. */
export function isRefusedCertificate(error: unknown): boolean {
  return OUR_CERTIFICATE.test(driverCode(error) ?? '');
}

/** True when the operating system gave up waiting. */
export function isTimeout(error: unknown): boolean {
  const code = driverCode(error);
  return code === 'ETIMEDOUT' || code === 'ESOCKETTIMEDOUT';
}
