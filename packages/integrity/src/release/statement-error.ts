/**
 * Why a signed statement is not believed: one code and one sentence a reason.
 */

const SENTENCES = {
  E_ENVELOPE: 'is not a signed envelope (DSSE)',
  E_PAYLOAD_TYPE: 'is an envelope around something other than an in-toto statement',
  E_UNSIGNED: 'carries no signature',
  E_UNKNOWN_KEY: 'carries no signature by one of the given keys',
  E_THRESHOLD: 'is signed by fewer of the given keys than are asked for',
  E_SIGNATURE: 'was changed after it was signed: the signature does not fit',
  E_STATEMENT_TYPE: 'holds something other than an in-toto statement, version 1',
  E_PREDICATE_TYPE: 'is a statement about something other than a source release',
  E_SUBJECT: 'does not speak of exactly one manifest with equal sha256 and dirHash',
  E_PREDICATE: 'lacks a field of a source release, or holds one that cannot be read',
  E_SCOPE: 'declares a scope that cannot be followed',
  E_PERIOD: 'expires before it was made',
  E_EXPIRED: 'has expired',
  E_SEQUENCE: 'is older than one that was accepted before: its sequence is lower',
  E_FIGURES: 'says that the tree has other files or bytes than it has',
  E_LINKS: 'lists links that cannot be followed',
  E_MANIFEST: 'was signed for another manifest than the given one',
  E_FILE: 'cannot be read',
} as const;

export type StatementErrorCode = keyof typeof SENTENCES;

/** A statement that is not believed. */
export class StatementError extends Error {
  override readonly name = 'StatementError';
  readonly code: StatementErrorCode;

  /** @param remedy - a sentence */
  constructor(code: StatementErrorCode, remedy?: string) {
    super(`The statement ${SENTENCES[code]} (${code}).${remedy === undefined ? '' : ` ${remedy}`}`);
    this.code = code;
  }
}
