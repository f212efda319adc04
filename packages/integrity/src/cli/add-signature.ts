/**
 * One more signature on a statement that is there: by a key at hand, or made where the key is and we are not, such as a
 * key management service, a hardware token, or `openssl`.
 */
import { readFileSync } from 'node:fs';
import type { KeyObject } from 'node:crypto';
import { addSignature, bytesToSign } from '../release/envelope.js';
import { readPrivateKey, readPublicKey } from '../release/keys.js';
import { StatementError } from '../release/statement-error.js';
import { readText } from 'portal-shared/cli/arguments';
import { InconclusiveError, UsageError } from 'portal-shared/cli/command';
import { EXIT } from 'portal-shared/cli/exit-code';
import { systemCode } from 'portal-shared/error-code';
import type { Terminal } from 'portal-shared/cli/terminal';
import { writeOut } from './write-out.js';

export interface SignatureValues {
  /** The statement. */
  readonly out: string;
  readonly key?: string | undefined;
  readonly signature?: string | undefined;
  readonly 'pae-out'?: string | undefined;
}

const SIGNATURE_BYTES = 64;

export function signAgain(values: SignatureValues, terminal: Terminal): number {
  const { out, 'pae-out': paeOut } = values;
  try {
    const text = readText(out);
    if (paeOut !== undefined) writeBytesToSign(text, paeOut, terminal);
    else {
      writeOut(out, addSignature(text, signerOf(values)));
      terminal.line(`${out}  one signature more`);
      terminal.document({ signed: true, file: out });
    }
    return EXIT.clean;
  } catch (error) {
    if (!(error instanceof StatementError)) throw error;
    terminal.complain(error.message);
    terminal.document({ signed: false, error: error.message, code: error.code });
    return EXIT.notBelieved;
  }
}

/** What is signed of the statement, byte for byte, for a key that is elsewhere. */
export function writeBytesToSign(statement: string, file: string, terminal: Terminal): void {
  writeOut(file, bytesToSign(statement));
  terminal.line(`${file}  is what to sign by Ed25519; then: sign --signature FILE --key PUBLIC-KEY`);
}

function signerOf({
  key: keyFile,
  signature: signatureFile,
}: SignatureValues): Parameters<typeof addSignature>[1] {
  if (keyFile === undefined)
    throw new UsageError('Expected --key: the private one, or with --signature the public one.');
  if (signatureFile === undefined) return { privateKey: readSigningKey(keyFile) };
  const publicKey = readPublicKey(readText(keyFile));
  if (!publicKey) throw new UsageError(`Expected --key to be an Ed25519 public key in PEM, got ${keyFile}.`);
  return { publicKey, signature: readSignature(signatureFile) };
}

export function readSigningKey(file: string): KeyObject {
  const key = readPrivateKey(readText(file));
  if (!key) throw new UsageError('Expected --key to be an Ed25519 private key in PEM, without a password.');
  return key;
}

/** 64 bytes, as openssl writes them, or their Base64, as most services do. */
function readSignature(file: string): Buffer {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new InconclusiveError(`${file} cannot be read (${systemCode(error)}).`);
  }
  const signature = bytes.length === SIGNATURE_BYTES ? bytes : Buffer.from(bytes.toString().trim(), 'base64');
  if (signature.length !== SIGNATURE_BYTES) {
    throw new UsageError(
      `Expected --signature to be the 64 bytes of an Ed25519 signature, or their Base64, got ${file}.`,
    );
  }
  return signature;
}
