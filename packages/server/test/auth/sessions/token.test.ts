import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { cookiePair, sessionCookie, tokensInCookies } from '../../../src/auth/cookie.js';
import { tokenHash, isToken, newToken, suffixOf } from '../../../src/auth/sessions/token.js';

test('a token is 256 bits in base64url, another one each time', () => {
  const tokens = Array.from({ length: 1_000 }, newToken);
  assert.equal(new Set(tokens).size, tokens.length);
  for (const token of tokens) {
    assert.equal(Buffer.from(token, 'base64url').length, 32);
    assert.ok(isToken(token));
  }
});

test('what is stored of it is its SHA-256, what is shown are its last six characters', () => {
  const token = 'abcdefghijklmnopqrstuvwxyz0123456789-_ABCDE';
  assert.equal(tokenHash(token), createHash('sha256').update(token).digest('hex'));
  assert.equal(suffixOf(token), '_ABCDE');
});

test('the cookie has the published attributes', () => {
  const expires = new Date('2026-03-01T00:00:00Z');
  assert.equal(
    sessionCookie('TOKEN', { expires, secure: true }),
    'psession=TOKEN; Path=/; Expires=Sun, 01 Mar 2026 00:00:00 GMT; HttpOnly; Secure; SameSite=Lax',
  );
  assert.doesNotMatch(sessionCookie('TOKEN', { expires, secure: false }), /Secure/);
});

test('the token is found among other cookies, and nothing else is taken for one', () => {
  const token = newToken();
  assert.deepEqual(tokensInCookies(`a=b; ${cookiePair(token)}; c=d`), [token]);
  for (const header of [
    undefined,
    '',
    ';;;===',
    'psession',
    'psession=',
    `psession=${token}x`,
    `psession=${token.slice(1)}`,
    `PSESSION=${token}`,
    `psession=${token.slice(1)}%00`,
    `psession=${token.slice(1)}=`,
    `xpsession=${token}`,
    `psession="${token}"`,
  ]) {
    assert.deepEqual(tokensInCookies(header), [], String(header));
  }
});

test("nobody else's cookie of the same name hides ours: all that have the shape are given, each once", () => {
  const [one, other] = [newToken(), newToken()];
  for (const [header, expected] of [
    [`psession=x; psession=${one}`, [one]],
    [`psession=; psession="${other}"; psession=${one}; psession`, [one]],
    [`psession=${other};psession=${one}`, [other, one]],
    [`psession=${one}; a=b; psession=${one}`, [one]],
    [`psession = ${one} ;psession=${other}=`, [one]],
  ] as const) {
    assert.deepEqual(tokensInCookies(header), expected, header);
  }
});
