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
  /** Every key that signed it; all of them known. */
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
 * The payload of an envelope all of whose signatures are good and by one of `keys`.
 *
 * @throws StatementError
 */
export function openEnvelope(text: string, keys: readonly KeyObject[]): Opened {
  const envelope = parseObject(text);
  const payload = fromBase64(envelope?.['payload']);
  const signatures = asList(envelope?.['signatures']);
  if (!envelope || !payload || !signatures) throw new StatementError('E_ENVELOPE');
  if (envelope['payloadType'] !== PAYLOAD_TYPE) throw new StatementError('E_PAYLOAD_TYPE');
  if (signatures.length === 0) throw new StatementError('E_UNSIGNED');

  const known = new Map(keys.map((key) => [keyIdOf(key), key]));
  const bytes = signedBytes(payload);
  const keyIds = signatures.map((entry) => {
    const signature = asObject(entry);
    const keyId = asString(signature?.['keyid']) ?? '';
    const bytesOfSignature = fromBase64(signature?.['sig']);
    if (!bytesOfSignature) throw new StatementError('E_ENVELOPE');
    const key = known.get(keyId);
    // A signature that we cannot check proves nothing.
    if (!key) throw new StatementError('E_UNKNOWN_KEY');
    if (!verify(null, bytes, key, bytesOfSignature)) throw new StatementError('E_SIGNATURE');
    return keyId;
  });
  return { payload, keyIds };
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
