/**
 * A signed statement alone, without the tree that it speaks of: for whoever compares what many instances run.
 */
import { readPublicKey } from './keys.js';
import { acceptStatement } from './statement.js';
import { StatementError, type StatementErrorCode } from './statement-error.js';

/** Whom to believe. */
export interface VerifyOptions {
  /** Ed25519 public keys in PEM; any of them will do. What is none counts as no key. */
  readonly keys: readonly string[];
  /** Refuse any release with a lower sequence; default 0. */
  readonly minimumSequence?: number;
}

/** What a statement says that is believed. */
export interface VerifiedStatement {
  /** 64 lower-case hexadecimal digits. */
  readonly sourceHash: string;
  readonly version: string;
  readonly sequence: number;
  /** ISO 8601, UTC: not believed from then on. */
  readonly expires: string;
}

/** Why a statement is not believed. */
export interface RefusedStatement {
  /** Such as `E_SIGNATURE`. */
  readonly refused: StatementErrorCode;
}

/**
 * What the text of a signed statement says, if its signature, its form, its time and its sequence hold. The tree is not looked at.
 *
 * @example
 * ```ts
 * import { verifyStatement } from 'portal-integrity';
 *
 * const verdict = verifyStatement('{}', { keys: [] });
 * if ('refused' in verdict) console.log(verdict.refused); // E_ENVELOPE
 * ```
 */
export function verifyStatement(
  text: string,
  { keys, minimumSequence = 0 }: VerifyOptions,
): VerifiedStatement | RefusedStatement {
  try {
    const { sourceHash, version, sequence, expires } = acceptStatement(text, {
      keys: keys.flatMap((pem) => readPublicKey(pem) ?? []),
      minimumSequence,
      now: new Date(),
    });
    return { sourceHash, version, sequence, expires };
  } catch (error) {
    if (error instanceof StatementError) return { refused: error.code };
    throw error;
  }
}
