import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { bearerToken, createHealth } from 'portal-health';
import { createEndpoints } from '../../src/http/endpoints.js';

const digestOf = (token: string): string => createHash('sha256').update(token).digest('hex');
const TOKEN = 'f'.repeat(64);
const NEXT = 'a-second-token';
const viewer = bearerToken({ sha256: [digestOf(TOKEN), digestOf(NEXT)] });

describe('a bearer token', () => {
  for (const [what, request] of Object.entries({
    'a request of Node': { headers: { authorization: `Bearer ${TOKEN}` } },
    'the second one, while it replaces the first': { headers: { authorization: `Bearer ${NEXT}` } },
    'the scheme in another case': { headers: { authorization: `bearer ${TOKEN}` } },
    'a request of the web': new Request('http://a/', { headers: { Authorization: `Bearer ${TOKEN}` } }),
    'a context of Hono': {
      req: { raw: new Request('http://a/', { headers: { Authorization: `Bearer ${TOKEN}` } }) },
    },
  })) {
    test(`opens for ${what}`, () => assert.equal(viewer(request), 'admin'));
  }

  for (const [what, request] of Object.entries({
    'no header': { headers: {} },
    'another token': { headers: { authorization: `Bearer ${TOKEN}0` } },
    'the digest in place of the token': { headers: { authorization: `Bearer ${digestOf(TOKEN)}` } },
    'another scheme': { headers: { authorization: `Basic ${TOKEN}` } },
    'two tokens': { headers: { authorization: `Bearer ${TOKEN}, Bearer ${TOKEN}` } },
    'a space behind': { headers: { authorization: `Bearer ${TOKEN} ` } },
    'a list': { headers: { authorization: [`Bearer ${TOKEN}`] } },
    nothing: undefined,
    'a getter that throws': {
      get headers() {
        throw new Error('no');
      },
    },
  })) {
    test(`is public with ${what}`, () => assert.equal(viewer(request), 'public'));
  }

  for (const [sha256, sentence] of [
    [[], 'Expected the `sha256` option to be a list of at least one digest, got an empty list.'],
    [
      'secret',
      'Expected the `sha256` option to be a list of at least one digest, got a value of type string of 6 characters.',
    ],
    [
      undefined,
      'Expected the `sha256` option to be a list of at least one digest, got a value of type undefined.',
    ],
    [
      ['secret'],
      'Expected the `sha256[0]` option to be 64 lower-case hexadecimal digits, got a value of type string of 6 characters.',
    ],
    [
      [digestOf('a'), digestOf('b').toUpperCase()],
      'Expected the `sha256[1]` option to be 64 lower-case hexadecimal digits, got a value of type string of 64 characters.',
    ],
    [
      [undefined],
      'Expected the `sha256[0]` option to be 64 lower-case hexadecimal digits, got a value of type undefined.',
    ],
  ] as const) {
    test(`refuses ${JSON.stringify(sha256)} without quoting it`, () => {
      assert.throws(() => bearerToken({ sha256: sha256 as never }), { name: 'TypeError', message: sentence });
    });
  }

  test('refuses an option that there is not', () => {
    assert.throws(
      () => bearerToken({ sha256: [digestOf('a')], tokens: [] } as never),
      /`tokens` option to be one of sha256/,
    );
  });

  test('is all that an endpoint needs to tell who asks, and no cache mixes them up', async () => {
    const health = createHealth({});
    const endpoints = createEndpoints<unknown>(health, { viewer });
    const asked = endpoints.match('GET', '/health', undefined) ?? assert.fail();
    const keys = async (token: string): Promise<boolean> => {
      const { body, headers } = await endpoints.respond(asked, {
        headers: { authorization: `Bearer ${token}` },
      });
      assert.match(headers['Vary'] ?? '', /Cookie, Authorization/);
      assert.equal(headers['Cache-Control'], 'private, no-store');
      return 'source_hash' in (JSON.parse(body) as object);
    };
    assert.deepEqual([await keys(TOKEN), await keys('other')], [true, false]);
    await health.close();
  });
});
