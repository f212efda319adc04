/**
 * A ready-made `viewer`: whoever sends one of the tokens sees what administrators see.
 */
import { ANYTHING, checkOptions, type Rules } from 'portal-shared/check-options';
import { member } from '../unknown.js';
import type { Viewer } from '../types.js';

export interface BearerTokenOptions {
  /**
   * SHA-256 of each token, 64 lower-case hexadecimal digits: `openssl rand -hex 32` makes a token, and
   * `printf %s TOKEN | sha256sum` its digest. Several, so that a token can be replaced without a gap.
   */
  readonly sha256: readonly string[];
}

/** Checked below, by sentences that do not quote it. */
const RULES: Rules<BearerTokenOptions> = { sha256: ANYTHING };
const DIGEST = /^[0-9a-f]{64}$/;

/**
 * For the option `viewer` of every adapter. A request without a token, with another one or with a malformed header is
 * public. Digests are compared in constant time, all of them, whichever fits.
 *
 * @example
 * ```ts
 * import { bearerToken, createHealth } from 'portal-health';
 * import { createHealthHandler } from 'portal-health/node';
 *
 * const health = createHealth({});
 * const viewer = bearerToken({ sha256: ['9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'] });
 * const handler = createHealthHandler(health, { viewer });
 * ```
 * @throws TypeError when there is no digest, or one is none. What was given is not quoted: it may be the token itself.
 */
export function bearerToken(options: BearerTokenOptions): (request: unknown) => Viewer {
  checkOptions(options, RULES);
  const { sha256 } = options;
  if (!Array.isArray(sha256) || sha256.length === 0) {
    throw refused('sha256', 'to be a list of at least one digest', sha256);
  }
  const expected = sha256.map((digest: unknown, index) => {
    if (typeof digest === 'string' && DIGEST.test(digest)) return Buffer.from(digest, 'hex');
    throw refused(`sha256[${index}]`, 'to be 64 lower-case hexadecimal digits', digest);
  });
  // Whoever has no tokens reads no cryptography at the start.
  const { createHash, timingSafeEqual } = process.getBuiltinModule('node:crypto');
  return (request) => {
    const token = /^Bearer ([\x21-\x7e]+)$/i.exec(authorizationOf(request) ?? '')?.[1];
    if (token === undefined) return 'public';
    const actual = createHash('sha256').update(token).digest();
    const fits = expected.map((digest) => timingSafeEqual(digest, actual));
    return fits.includes(true) ? 'admin' : 'public';
  };
}

function refused(option: string, rule: string, value: unknown): TypeError {
  const size = typeof value === 'string' ? ` of ${value.length} characters` : '';
  const given = Array.isArray(value) ? 'an empty list' : `a value of type ${typeof value}${size}`;
  return new TypeError(`Expected the \`${option}\` option ${rule}, got ${given}.`);
}

/** Of a request of Node, Express, Fastify and Koa; of Hono's context; of a `Request` of the web. */
function authorizationOf(request: unknown): string | undefined {
  const headers = member(member(member(request, 'req'), 'raw') ?? request, 'headers');
  const value = headers instanceof Headers ? headers.get('authorization') : member(headers, 'authorization');
  return typeof value === 'string' ? value : undefined;
}
