import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { environmentWithPackages } from 'portal-test-kit';
import { sealEnvelope } from '../../src/release/envelope.js';
import { generateKeys, keyIdOf, readPrivateKey, readPublicKey } from '../../src/release/keys.js';
import { acceptStatement, signStatement, type Statement } from '../../src/release/statement.js';
import type { StatementErrorCode } from '../../src/release/statement-error.js';
import { withFolder } from '../trees.js';

const HASH = 'ab'.repeat(32);
const STATEMENT: Statement = {
  sourceHash: HASH,
  version: '1.4.0',
  sequence: 7,
  created: '2026-03-01T00:00:00.000Z',
  expires: '2027-03-01T00:00:00.000Z',
  exclude: ['node_modules', './build', 'a/b'],
  leftOut: ['a/b/node_modules'],
  files: 3,
  links: [{ path: 'CLAUDE.md', target: 'AGENTS.md' }],
  commit: '5e'.repeat(20),
  bytes: 1_234,
  node: '20.20.2',
  lockfile: 'cd'.repeat(32),
  dependencies: 'ef'.repeat(32),
  nodeBinary: '01'.repeat(32),
};
const NOW = new Date('2026-06-01T00:00:00Z');
const pair = generateKeys();
const privateKey = createPrivateKey(pair.privatePem);
const publicKey = createPublicKey(pair.publicPem);
const otherKey = generateKeyPairSync('ed25519');

interface Envelope {
  payloadType: string;
  payload: string;
  signatures: { keyid: string; sig: string }[];
}

function accept(
  text: string,
  settings: { keys?: readonly KeyObject[]; minimumSequence?: number; threshold?: number; now?: Date } = {},
) {
  return acceptStatement(text, { keys: [publicKey], minimumSequence: 0, now: NOW, ...settings });
}

function refused(code: StatementErrorCode, sentence: string, work: () => unknown): void {
  assert.throws(work, { name: 'StatementError', code, message: `The statement ${sentence} (${code}).` });
}

/** The signed envelope, changed by somebody without a key. */
function tampered(change: (envelope: Envelope) => void): string {
  const envelope: Envelope = JSON.parse(signStatement(STATEMENT, privateKey));
  change(envelope);
  return JSON.stringify(envelope);
}

type Payload = {
  subject: unknown;
  predicateType: unknown;
  predicate: { release: Record<string, unknown>; scope?: Record<string, unknown> } & Record<string, unknown>;
};

/** Another payload, properly signed by the known key. */
function resigned(change: (payload: Payload) => void): string {
  const envelope: Envelope = JSON.parse(signStatement(STATEMENT, privateKey));
  const payload: Payload = JSON.parse(Buffer.from(envelope.payload, 'base64').toString());
  change(payload);
  return sealEnvelope(Buffer.from(JSON.stringify(payload)), privateKey);
}

test('what was signed is what is accepted, and whose it is', () => {
  assert.deepEqual(accept(signStatement(STATEMENT, privateKey)), { ...STATEMENT, keyIds: [pair.keyId] });
  const bare: Statement = {
    ...STATEMENT,
    lockfile: null,
    dependencies: null,
    nodeBinary: null,
    exclude: [],
    links: [],
    commit: null,
  };
  assert.deepEqual(accept(signStatement(bare, privateKey)), { ...bare, keyIds: [pair.keyId] });
});

test('openssl and jq alone come to the same verdict', () =>
  withFolder(async (folder) => {
    const env = await environmentWithPackages('openssl', 'jq');
    writeFileSync(join(folder, 'source.intoto.jsonl'), signStatement(STATEMENT, privateKey));
    writeFileSync(join(folder, 'release.pub'), pair.publicPem);
    // As in docs/integrity.md.
    const script = `set -eu
      jq -r .payload source.intoto.jsonl | base64 -d > payload
      jq -r '.signatures[0].sig' source.intoto.jsonl | base64 -d > signature
      { printf 'DSSEv1 28 application/vnd.in-toto+json %s ' "$(wc -c < payload)"; cat payload; } > signed
      openssl pkeyutl -verify -pubin -inkey release.pub -rawin -in signed -sigfile signature
      jq -r '.subject[0].digest.sha256' payload
      openssl pkey -pubin -in release.pub -outform DER | sha256sum
      jq -r '.signatures[0].keyid' source.intoto.jsonl`;
    const [verdict, hash, keyId, claimedKeyId] = execFileSync('bash', ['-c', script], { cwd: folder, env })
      .toString()
      .split('\n');
    assert.equal(verdict, 'Signature Verified Successfully');
    assert.equal(hash, HASH);
    assert.equal(keyId?.slice(0, 64), pair.keyId);
    assert.equal(claimedKeyId, pair.keyId);

    writeFileSync(
      join(folder, 'source.intoto.jsonl'),
      tampered((envelope) => void (envelope.payload += 'AAAA')),
    );
    assert.throws(() => execFileSync('bash', ['-c', script], { cwd: folder, env, stdio: 'pipe' }));
  }));

describe('every tampering without a key is refused with its own sentence', () => {
  test('the payload', () => {
    const text = tampered((envelope) => {
      const payload = Buffer.from(envelope.payload, 'base64').toString();
      envelope.payload = Buffer.from(payload.replace('"sequence":7', '"sequence":8')).toString('base64');
    });
    refused('E_SIGNATURE', 'was changed after it was signed: the signature does not fit', () => accept(text));
  });

  test('one bit of the signature', () => {
    const text = tampered(({ signatures }) => {
      const [signature] = signatures;
      if (signature) signature.sig = `${signature.sig.startsWith('A') ? 'B' : 'A'}${signature.sig.slice(1)}`;
    });
    refused('E_SIGNATURE', 'was changed after it was signed: the signature does not fit', () => accept(text));
  });

  test('the type of the payload', () => {
    refused('E_PAYLOAD_TYPE', 'is an envelope around something other than an in-toto statement', () =>
      accept(tampered((envelope) => void (envelope.payloadType = 'application/json'))),
    );
  });

  test('no signature', () => {
    refused('E_UNSIGNED', 'carries no signature', () =>
      accept(tampered((envelope) => void (envelope.signatures = []))),
    );
  });

  test('the signature of somebody else', () => {
    refused('E_UNKNOWN_KEY', 'carries no signature by one of the given keys', () =>
      accept(signStatement(STATEMENT, otherKey.privateKey)),
    );
  });

  test('the signature of somebody else under our key’s name', () => {
    const foreign: Envelope = JSON.parse(signStatement(STATEMENT, otherKey.privateKey));
    const [signature] = foreign.signatures;
    if (signature) signature.keyid = keyIdOf(publicKey);
    refused('E_SIGNATURE', 'was changed after it was signed: the signature does not fit', () =>
      accept(JSON.stringify(foreign)),
    );
  });

  test('signatures by keys that are not given are skipped, and the name of a key decides nothing', () => {
    const foreign: Envelope = JSON.parse(signStatement(STATEMENT, otherKey.privateKey));
    const both = tampered(({ signatures }) => void signatures.unshift(...foreign.signatures));
    assert.deepEqual(accept(both).keyIds, [pair.keyId]);
    assert.equal(accept(both, { keys: [publicKey, otherKey.publicKey], threshold: 2 }).keyIds.length, 2);
    for (const keyid of ['', 'second', keyIdOf(otherKey.publicKey)]) {
      const renamed = tampered(({ signatures }) => {
        for (const signature of signatures) signature.keyid = keyid;
      });
      assert.deepEqual(accept(renamed).keyIds, [pair.keyId]);
    }
    refused('E_UNKNOWN_KEY', 'carries no signature by one of the given keys', () =>
      accept(JSON.stringify(foreign)),
    );
  });

  test('as many keys as are asked for must have signed, each counted once', () => {
    const twice = tampered(({ signatures }) => void signatures.push(...signatures));
    refused('E_THRESHOLD', 'is signed by fewer of the given keys than are asked for', () =>
      accept(twice, { keys: [publicKey, otherKey.publicKey], threshold: 2 }),
    );
  });

  test('a statement that expires before it was made', () => {
    const text = signStatement({ ...STATEMENT, created: '2027-03-02T00:00:00Z' }, privateKey);
    refused('E_PERIOD', 'expires before it was made', () => accept(text));
  });

  for (const text of ['', 'null', '[]', '{}', '{"payload":1}', '{"payload":"e30","signatures":"x"}', 'ä']) {
    test(`no envelope: ${text}`, () => {
      refused('E_ENVELOPE', 'is not a signed envelope (DSSE)', () => accept(text));
    });
  }

  test('a payload that is not quite Base64', () => {
    refused('E_ENVELOPE', 'is not a signed envelope (DSSE)', () =>
      accept(tampered((envelope) => void (envelope.payload = `${envelope.payload}\n`))),
    );
  });
});

describe('a statement with a good signature is still refused when it says something else', () => {
  const subject = (digest: object, name = 'source.sha256') => [{ name, digest }];
  const cases: readonly [string, StatementErrorCode, string, (payload: Payload) => void][] = [
    [
      'another type of statement',
      'E_STATEMENT_TYPE',
      'holds something other than an in-toto statement, version 1',
      (payload) => void Object.assign(payload, { _type: 'https://in-toto.io/Statement/v0.1' }),
    ],
    [
      'another predicate',
      'E_PREDICATE_TYPE',
      'is a statement about something other than a source release',
      (payload) => void (payload.predicateType = 'https://slsa.dev/provenance/v1'),
    ],
    ...(
      [
        ['no subject', []],
        [
          'two subjects',
          [...subject({ sha256: HASH, dirHash: HASH }), ...subject({ sha256: HASH, dirHash: HASH })],
        ],
        ['a subject of another name', subject({ sha256: HASH, dirHash: HASH }, 'app.js')],
        ['digests that differ', subject({ sha256: HASH, dirHash: 'cd'.repeat(32) })],
        ['one digest only', subject({ sha256: HASH })],
        ['a digest in capitals', subject({ sha256: HASH.toUpperCase(), dirHash: HASH.toUpperCase() })],
      ] as const
    ).map(([name, value]): [string, StatementErrorCode, string, (payload: Payload) => void] => [
      name,
      'E_SUBJECT',
      'does not speak of exactly one manifest with equal sha256 and dirHash',
      (payload) => void (payload.subject = value),
    ]),
    ...(['version', 'sequence', 'created', 'expires'] as const).map(
      (field): [string, StatementErrorCode, string, (payload: Payload) => void] => [
        `no ${field}`,
        'E_PREDICATE',
        'lacks a field of a source release, or holds one that cannot be read',
        (payload) => void delete payload.predicate.release[field],
      ],
    ),
    [
      'a sequence that is no number',
      'E_PREDICATE',
      'lacks a field of a source release, or holds one that cannot be read',
      (payload) => void (payload.predicate.release['sequence'] = '7'),
    ],
    [
      'an expiry that is no time',
      'E_PREDICATE',
      'lacks a field of a source release, or holds one that cannot be read',
      (payload) => void (payload.predicate.release['expires'] = 'never'),
    ],
    [
      'no scope',
      'E_SCOPE',
      'declares a scope that cannot be followed',
      (payload) => void delete payload.predicate.scope,
    ],
    [
      'a scope with a wildcard',
      'E_SCOPE',
      'declares a scope that cannot be followed',
      (payload) => void (payload.predicate.scope = { exclude: ['*'] }),
    ],
  ];
  for (const [name, code, sentence, change] of cases) {
    test(name, () => refused(code, sentence, () => accept(resigned(change))));
  }

  test('expired, to the millisecond', () => {
    const text = signStatement(STATEMENT, privateKey);
    accept(text, { now: new Date('2027-02-28T23:59:59.999Z') });
    refused('E_EXPIRED', 'has expired', () => accept(text, { now: new Date(STATEMENT.expires) }));
  });

  test('older than one that was accepted before', () => {
    const text = signStatement(STATEMENT, privateKey);
    accept(text, { minimumSequence: 7 });
    refused('E_SEQUENCE', 'is older than one that was accepted before: its sequence is lower', () =>
      accept(text, { minimumSequence: 8 }),
    );
  });
});

describe('keys', () => {
  test('any of several known keys will do', () => {
    const text = signStatement(STATEMENT, otherKey.privateKey);
    assert.deepEqual(accept(text, { keys: [publicKey, otherKey.publicKey] }).keyIds, [
      keyIdOf(otherKey.publicKey),
    ]);
  });

  test('a private key is none to verify with, and other kinds are none at all', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
    assert.ok(readPublicKey(pair.publicPem));
    assert.ok(readPrivateKey(pair.privatePem));
    assert.equal(readPublicKey(pair.privatePem), undefined);
    assert.equal(readPublicKey(rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString()), undefined);
    assert.equal(
      readPrivateKey(rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()),
      undefined,
    );
    assert.equal(readPublicKey('rubbish'), undefined);
  });

  test('openssl reads what we write', async () => {
    const env = await environmentWithPackages('openssl');
    const fromPrivate = execFileSync('openssl', ['pkey', '-pubout'], {
      env,
      input: pair.privatePem,
    }).toString();
    assert.equal(fromPrivate, pair.publicPem);
  });
});
