/**
 * Signed statements of releases, made without portal-integrity: an envelope (DSSE) around an in-toto statement, by Ed25519.
 */
import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';

export interface ReleaseKeys {
  readonly privateKey: KeyObject;
  readonly publicPem: string;
}

/** What a statement may say besides the hash. */
export interface ReleaseChange {
  readonly version?: string;
  readonly sequence?: number;
  readonly expires?: Date;
}

const TYPE = 'application/vnd.in-toto+json';
const DAY_MS = 86_400_000;

export function makeReleaseKeys(): ReleaseKeys {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return { privateKey, publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString() };
}

/** @param sourceHash - 64 hexadecimal digits; any other text is hashed first */
export function signRelease(
  sourceHash: string,
  { privateKey }: ReleaseKeys,
  { version = '1.0.0', sequence = 1, expires = new Date(Date.now() + DAY_MS) }: ReleaseChange = {},
): string {
  const digest = releaseHash(sourceHash);
  const created = new Date(Math.min(Date.now(), expires.getTime()) - DAY_MS).toISOString();
  const payload = Buffer.from(
    JSON.stringify({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: 'source.sha256', digest: { sha256: digest, dirHash: digest } }],
      predicateType: 'https://docs.7331.org/portal-integrity-release/v1',
      predicate: {
        release: { version, sequence, created, expires: expires.toISOString() },
        scope: { exclude: [] },
        files: 1,
        bytes: 1,
        node: process.versions.node,
      },
    }),
  );
  const signed = Buffer.concat([Buffer.from(`DSSEv1 ${TYPE.length} ${TYPE} ${payload.length} `), payload]);
  const signature = sign(null, signed, privateKey).toString('base64');
  return JSON.stringify({
    payloadType: TYPE,
    payload: payload.toString('base64'),
    signatures: [{ keyid: '', sig: signature }],
  });
}

export function releaseHash(name: string): string {
  return /^[0-9a-f]{64}$/.test(name) ? name : createHash('sha256').update(name).digest('hex');
}
