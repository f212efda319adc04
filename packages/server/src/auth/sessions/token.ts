/**
 * The token of a session: 256 random bits in base64url. Only its SHA-256 is ever stored, and only its last six
 * characters are ever shown.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const BYTES = 32;
const SHAPE = /^[A-Za-z0-9_-]{43}$/;
const SUFFIX_LENGTH = 6;

export function newToken(): string {
  return randomBytes(BYTES).toString('base64url');
}

/** Whether a text could be a token at all; if not, no store needs to be asked. */
export function isToken(text: string): boolean {
  return SHAPE.test(text);
}

/**
 * What a token of a machine begins with, so that those who look for secrets in places where they do not belong find it, and
 * that it is never taken for one of a session, nor one of a session for it.
 */
const MACHINE = 'portal_';

/** A new token for a machine. */
export function newMachineToken(): string {
  return `${MACHINE}${newToken()}`;
}

/** Whether a text could be the token of a machine at all. */
function isMachineToken(text: string): boolean {
  return text.startsWith(MACHINE) && isToken(text.slice(MACHINE.length));
}

/** What is stored and looked up in place of the token: 64 hexadecimal digits. */
export function tokenHash(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** The part of a token that may be shown, to distinguish sessions. */
export function suffixOf(token: string): string {
  return token.slice(-SUFFIX_LENGTH);
}

/**
 * The token of a machine in a request: `Authorization: Bearer portal_…`, and nowhere else. The scheme counts in any case,
 * with any number of spaces behind it. Two such headers count as none: each program on the way could read another.
 */
export function bearerOf({ headers, headersDistinct }: IncomingMessage): string | undefined {
  const { authorization } = headers;
  if (authorization === undefined || headersDistinct['authorization']?.length !== 1) return undefined;
  const [, scheme, token] = /^([A-Za-z]+) +([\w-]+) *$/.exec(authorization) ?? [];
  return scheme?.toLowerCase() === 'bearer' && token !== undefined && isMachineToken(token)
    ? token
    : undefined;
}
