/**
 * Where the service is, in the words of a client on this machine.
 */
import { isIPv6 } from 'node:net';
import { cookiePair } from './auth/cookie.js';

/** The URL of what listens at `host` and `port`. */
export function urlOf(host: string, port: number): string {
  const anywhere: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
  const name = anywhere[host] ?? host;
  return `http://${isIPv6(name) ? `[${name}]` : name}:${port}`;
}

/** The line of the published page, ready to paste. */
export function pasteLine(url: string, token: string): string {
  return lineWith(url, cookiePair(token));
}

/** The same, for what others may read too, such as a log: the token is in a file. */
export function pasteLineOfFile(url: string, file: string): string {
  return lineWith(url, cookiePair(`$(cat ${shellWord(file)})`));
}

function lineWith(url: string, cookie: string): string {
  return `curl ${url}/v1/admin/health -b "${cookie}"`;
}

/** A path as a shell takes it for one word. */
function shellWord(path: string): string {
  return /^[\w/.,:=@%+-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}
