/**
 * The token of a machine in a request: `Authorization: Bearer portal_…`, and nowhere else.
 */
import type { IncomingMessage } from 'node:http';
import { isMachineToken } from './token.js';

/**
 * The token that is shown, if one is: the name of the scheme counts in any case, and any number of spaces behind it. Two
 * headers are none: each of those who read the request could take another.
 */
export function bearerOf({ headers, headersDistinct }: IncomingMessage): string | undefined {
  const { authorization } = headers;
  if (authorization === undefined || headersDistinct['authorization']?.length !== 1) return undefined;
  const [, scheme, token] = /^([A-Za-z]+) +([\w-]+) *$/.exec(authorization) ?? [];
  return scheme?.toLowerCase() === 'bearer' && token !== undefined && isMachineToken(token)
    ? token
    : undefined;
}
