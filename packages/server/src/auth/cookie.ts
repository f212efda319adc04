/**
 * The session cookie, as published: `psession`.
 */
import { stringifySetCookie } from 'cookie';
import { isToken } from './sessions/token.js';

const NAME = 'psession';

/**
 * Every token in a `Cookie` header, each once, in their order; all that has the shape of one counts. A neighbour of the
 * domain can set a cookie of this name too, and which of them comes first is not ours to say.
 */
export function tokensInCookies(header = ''): string[] {
  const tokens = header.split(';').flatMap((pair) => {
    const [name, value] = split(pair);
    return name === NAME && isToken(value) ? [value] : [];
  });
  return [...new Set(tokens)];
}

function split(pair: string): [name: string, value: string] {
  const at = pair.indexOf('=');
  return at === -1 ? ['', ''] : [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
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
