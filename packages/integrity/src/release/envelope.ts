/**
 * DSSE, the signed envelope of in-toto and sigstore: what is signed is the type and the bytes of the payload, so that
 * no reading of JSON comes before the signature.
 */
import { createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { asList, asObject, asString, parseObject, type JsonObject } from 'portal-shared/json';
import { keyIdOf } from './keys.js';
import { StatementError } from './statement-error.js';

export interface Opened {
  readonly payload: Buffer;
  /** The given keys that signed it. */
  readonly keyIds: readonly string[];
}

const PAYLOAD_TYPE = 'application/vnd.in-toto+json';

/** The envelope as one line of JSON; without a key it is yet to be signed. */
export function sealEnvelope(payload: Buffer, privateKey: KeyObject | undefined): string {
  const envelope = {
    payloadType: PAYLOAD_TYPE,
    payload: payload.toString('base64'),
    signatures: privateKey ? [signatureBy(privateKey, payload)] : [],
  };
  return `${JSON.stringify(envelope)}\n`;
}

/**
 * The envelope with one more signature: by a private key, or one that was made elsewhere and belongs to a public key.
 *
 * @throws StatementError when it is no envelope, or the signature does not fit
 */
export function addSignature(
  text: string,
  signer: { readonly privateKey: KeyObject } | { readonly publicKey: KeyObject; readonly signature: Buffer },
): string {
  const { envelope, payload, signatures } = readEnvelope(text);
  if (
    'signature' in signer &&
    !verify(null, preAuthenticationEncoding(payload), signer.publicKey, signer.signature)
  ) {
    throw new StatementError('E_SIGNATURE');
  }
  const added =
    'signature' in signer
      ? { keyid: keyIdOf(signer.publicKey), sig: signer.signature.toString('base64') }
      : signatureBy(signer.privateKey, payload);
  const others = signatures.filter((entry) => asObject(entry)?.['sig'] !== added.sig);
  return `${JSON.stringify({ ...envelope, signatures: [...others, added] })}\n`;
}

/**
 * The payload of an envelope that as many of `keys` have signed as are asked for, each counted once. As DSSE says, the
 * name of a key is a hint that decides nothing, and signatures that fit none of the keys are skipped.
 *
 * @throws StatementError
 */
export function openEnvelope(text: string, keys: readonly KeyObject[], threshold = 1): Opened {
  const { payload, signatures } = readEnvelope(text);
  if (signatures.length === 0) throw new StatementError('E_UNSIGNED');

  const bytes = preAuthenticationEncoding(payload);
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

/** The envelope alone, as one line of JSON, for whoever is to verify it; `null` where the text is none. */
export function envelopeOf(text: string): string | null {
  try {
    const { envelope, signatures } = readEnvelope(text);
    const { payloadType, payload } = envelope;
    return JSON.stringify({ payloadType, payload, signatures });
  } catch {
    return null;
  }
}

/**
 * What is signed of an envelope, for whoever holds a key that we never see.
 *
 * @throws StatementError
 */
export function bytesToSign(text: string): Buffer {
  return preAuthenticationEncoding(readEnvelope(text).payload);
}

function readEnvelope(text: string): {
  readonly envelope: JsonObject;
  readonly payload: Buffer;
  readonly signatures: readonly unknown[];
} {
  const envelope = parseObject(text);
  const payload = fromBase64(envelope?.['payload']);
  const signatures = asList(envelope?.['signatures']);
  if (!envelope || !payload || !signatures) throw new StatementError('E_ENVELOPE');
  if (envelope['payloadType'] !== PAYLOAD_TYPE) throw new StatementError('E_PAYLOAD_TYPE');
  return { envelope, payload, signatures };
}

function signatureBy(privateKey: KeyObject, payload: Buffer) {
  return {
    keyid: keyIdOf(createPublicKey(privateKey)),
    sig: sign(null, preAuthenticationEncoding(payload), privateKey).toString('base64'),
  };
}

/** DSSE's name for it (PAE). */
function preAuthenticationEncoding(payload: Buffer): Buffer {
  const head = `DSSEv1 ${Buffer.byteLength(PAYLOAD_TYPE)} ${PAYLOAD_TYPE} ${payload.length} `;
  return Buffer.concat([Buffer.from(head), payload]);
}

/** Either alphabet, as DSSE allows; Node skips what is not Base64, which we do not. */
function fromBase64(value: unknown): Buffer | undefined {
  const text = asString(value);
  return text !== undefined && /^[\w+/-]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined;
}
