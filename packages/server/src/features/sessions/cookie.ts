/**
 * The session cookie, as published: `psession`.
 */
import { parseCookie, stringifySetCookie } from 'cookie';
import { isToken } from './token.js';

const NAME = 'psession';

/** The token in a `Cookie` header; `undefined` when there is none, or nothing that could be one. */
export function tokenInCookies(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const token = parseCookie(header)[NAME];
  return token !== undefined && isToken(token) ? token : undefined;
}

/** The value of a `Set-Cookie` header. `secure: false` is for development without TLS. */
export function sessionCookie(
  token: string,
  { expires, secure }: { expires: Date; secure: boolean },
): string {
  return stringifySetCookie({
    name: NAME,
    value: token,
    path: '/',
    expires,
    httpOnly: true,
    secure,
    sameSite: 'lax',
  });
}

/** The value of a `Set-Cookie` header that makes a browser forget the cookie. */
export function endedCookie({ secure }: { secure: boolean }): string {
  return sessionCookie('', { expires: new Date(0), secure });
}

/** What a client sends back, and `curl -b` takes. */
export function cookiePair(token: string): string {
  return `${NAME}=${token}`;
}
