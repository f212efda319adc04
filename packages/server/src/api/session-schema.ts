/** What sessions and cookies are described by, wherever they appear. */
import type { ResponseHeaders } from './openapi-types.js';

export const TOKEN_SUFFIX = '^[A-Za-z0-9_-]{6}$';

export const tokenSuffixSchema = {
  type: 'string',
  pattern: TOKEN_SUFFIX,
  description: 'Last six characters of the token, all that is ever shown of it.',
} as const;

export const SET_COOKIE: ResponseHeaders = {
  'Set-Cookie': { description: 'The cookie `psession`.', schema: { type: 'string' } },
};
