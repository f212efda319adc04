/**
 * What may be said of any error whatsoever without quoting it.
 */

import { types } from 'node:util';

/** The code of an error: an errno, an SQLSTATE, or else its class. Letters, digits and underscores only. */
export function errorCode(error: unknown): string {
  if (!isError(error)) return 'UNKNOWN';
  const words = ['code' in error ? error.code : undefined, error.name];
  return (
    words.find((word): word is string => typeof word === 'string' && /^\w{1,64}$/.test(word)) ?? 'UNKNOWN'
  );
}

/** Also of another realm: in Jest, what Node throws is no instance of the `Error` that our code sees. */
function isError(error: unknown): error is Error {
  return error instanceof Error || types.isNativeError(error);
}

/** Where an error happened: its stack without its words. */
export function framesOf(error: unknown): readonly string[] {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  return stack
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith('at '))
    .slice(0, 12);
}

/** The operating system's code of an error, e.g. `ENOENT`; empty when it has none. */
export function systemCode(error: unknown): string {
  return isError(error) && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
