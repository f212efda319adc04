/** Statements as others make them, verified without the tree. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeReleaseKeys, releaseHash, signRelease } from 'portal-test-kit';
import { verifyStatement } from '../../src/index.js';

const pinned = makeReleaseKeys();
const others = makeReleaseKeys();
const keys = [others.publicPem, pinned.publicPem];

test('one that any of the keys has signed is believed, and says what it says', () => {
  const expires = new Date(Date.now() + 3_600_000);
  assert.deepEqual(
    verifyStatement(signRelease('one', pinned, { version: '1.4.0', sequence: 7, expires }), { keys }),
    {
      sourceHash: releaseHash('one'),
      version: '1.4.0',
      sequence: 7,
      expires: expires.toISOString(),
    },
  );
});

test('one that is not believed says by a code why', () => {
  const signed = signRelease('one', pinned, { sequence: 7 });
  const { payloadType, signatures } = JSON.parse(signed) as { payloadType: string; signatures: object[] };
  const { payload } = JSON.parse(signRelease('two', others)) as { payload: string };
  const forged = JSON.stringify({ payloadType, payload, signatures });
  const expired = signRelease('one', pinned, { expires: new Date(Date.now() - 1_000) });
  for (const [text, options, refused] of [
    [signed, { keys: [others.publicPem] }, 'E_UNKNOWN_KEY'],
    [signed, { keys: [] }, 'E_UNKNOWN_KEY'],
    [signed, { keys: ['no key'] }, 'E_UNKNOWN_KEY'],
    [forged, { keys }, 'E_UNKNOWN_KEY'],
    [expired, { keys }, 'E_EXPIRED'],
    [signed, { keys, minimumSequence: 8 }, 'E_SEQUENCE'],
    ['<h1>Sign in</h1>', { keys }, 'E_ENVELOPE'],
  ] as const) {
    assert.deepEqual(verifyStatement(text, options), { refused }, text.slice(0, 20));
  }
});
