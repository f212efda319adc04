/**
 * DSSE, the signed envelope of in-toto and sigstore: what is signed is the type and the bytes of the payload, so that
 * no reading of JSON comes before the signature.
 */
import { createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { asList, asObject, asString, parseObject } from 'portal-shared/json';
import { keyIdOf } from './keys.js';
import { StatementError } from './statement-error.js';

export interface Opened {
  readonly payload: Buffer;
  /** The given keys that signed it. */
  readonly keyIds: readonly string[];
}

const PAYLOAD_TYPE = 'application/vnd.in-toto+json';

/** The envelope as one line of JSON. */
export function sealEnvelope(payload: Buffer, privateKey: KeyObject): string {
  const envelope = {
    payloadType: PAYLOAD_TYPE,
    payload: payload.toString('base64'),
    signatures: [
      {
        keyid: keyIdOf(createPublicKey(privateKey)),
        sig: sign(null, signedBytes(payload), privateKey).toString('base64'),
      },
    ],
  };
  return `${JSON.stringify(envelope)}\n`;
}

/**
 * The payload of an envelope that as many of `keys` have signed as are asked for, each counted once. As DSSE says, the
 * name of a key is a hint that decides nothing, and signatures that fit none of the keys are skipped.
 *
 * @throws StatementError
 */
export function openEnvelope(text: string, keys: readonly KeyObject[], threshold = 1): Opened {
  const envelope = parseObject(text);
  const payload = fromBase64(envelope?.['payload']);
  const signatures = asList(envelope?.['signatures']);
  if (!envelope || !payload || !signatures) throw new StatementError('E_ENVELOPE');
  if (envelope['payloadType'] !== PAYLOAD_TYPE) throw new StatementError('E_PAYLOAD_TYPE');
  if (signatures.length === 0) throw new StatementError('E_UNSIGNED');

  const bytes = signedBytes(payload);
  const signedBy = new Set<string>();
  let isNamed = false;
  for (const entry of signatures) {
    const signature = asObject(entry);
    const bytesOfSignature = fromBase64(signature?.['sig']);
    if (!bytesOfSignature) throw new StatementError('E_ENVELOPE');
    for (const key of keys) {
      const keyId = keyIdOf(key);
      if (signature?.['keyid'] === keyId) isNamed = true;
      if (verify(null, bytes, key, bytesOfSignature)) signedBy.add(keyId);
    }
  }
  if (signedBy.size === 0) throw new StatementError(isNamed ? 'E_SIGNATURE' : 'E_UNKNOWN_KEY');
  if (signedBy.size < threshold) throw new StatementError('E_THRESHOLD');
  return { payload, keyIds: [...signedBy] };
}

/** DSSE's pre-authentication encoding. */
function signedBytes(payload: Buffer): Buffer {
  const head = `DSSEv1 ${Buffer.byteLength(PAYLOAD_TYPE)} ${PAYLOAD_TYPE} ${payload.length} `;
  return Buffer.concat([Buffer.from(head), payload]);
}

/** Either alphabet, as DSSE allows; Node skips what is not Base64, which we do not. */
function fromBase64(value: unknown): Buffer | undefined {
  const text = asString(value);
  return text !== undefined && /^[\w+/-]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined;
}
