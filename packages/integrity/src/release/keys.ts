/**
 * Ed25519 keys as `openssl` writes and reads them, and their names.
 */
import type { KeyObject } from 'node:crypto';

/** Both in PEM. */
export interface KeyPair {
  readonly privatePem: string;
  readonly publicPem: string;
  readonly keyId: string;
}

export function generateKeys(): KeyPair {
  const { privateKey, publicKey } = nodeCrypto().generateKeyPairSync('ed25519');
  return {
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    keyId: keyIdOf(publicKey),
  };
}

/** The name of a key: SHA-256 of its DER form (SPKI), 64 lower-case hexadecimal digits. */
export function keyIdOf(publicKey: KeyObject): string {
  return nodeCrypto()
    .createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

/** `undefined` unless the text is an Ed25519 public key in PEM. A private one is none: it has no place here. */
export function readPublicKey(pem: string): KeyObject | undefined {
  if (pem.includes('PRIVATE KEY')) return undefined;
  return ed25519(() => nodeCrypto().createPublicKey(pem));
}

/** `undefined` unless the text is an Ed25519 private key in PEM, without a password. */
export function readPrivateKey(pem: string): KeyObject | undefined {
  return ed25519(() => nodeCrypto().createPrivateKey(pem));
}

/** Not before there is a key: the import takes 6 ms, and most applications have none. */
function nodeCrypto() {
  return process.getBuiltinModule('node:crypto');
}

function ed25519(read: () => KeyObject): KeyObject | undefined {
  try {
    const key = read();
    return key.asymmetricKeyType === 'ed25519' ? key : undefined;
  } catch {
    return undefined;
  }
}
