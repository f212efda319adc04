/**
 * Signed statements against the keys that the fleet file pins. The keys are read again when their files change, and what was
 * verified by those before is verified anew.
 */
import { readFileSync, statSync } from 'node:fs';
import { verifyStatement } from 'portal-integrity';
import { stampOf } from '../file/file-stamp.js';
import type { Release } from './source-verdict.js';

/** What the fleet file pins of a service. */
export interface PinnedRelease {
  /** Paths of Ed25519 public keys in PEM. */
  readonly keyFiles: readonly string[];
  readonly minimumSequence: number;
  /** A statement that lies at the watcher; `null`: the instances show theirs. */
  readonly statementFile: string | null;
}

/** What is known of the statement of one instance. Plain data, fit to be sent between threads. */
export type Signed =
  | { readonly kind: 'believed'; readonly release: Release }
  /** @see verifyStatement of portal-integrity for the codes */
  | { readonly kind: 'refused'; readonly code: string }
  /** It shows none. */
  | { readonly kind: 'none' }
  /** It was not heard yet, and is asked again with the next poll. */
  | { readonly kind: 'pending' };

/** One text, however many instances show it. */
export interface KnownStatement {
  signed(): Signed;
}

export interface PinnedKeys {
  /** @param text - as an instance shows it */
  statement(text: string): KnownStatement;
}

/** What is no envelope at all was not meant as one: an application may answer its page to whatever is asked. */
const NOT_MEANT: ReadonlySet<string> = new Set(['E_ENVELOPE', 'E_PAYLOAD_TYPE']);
/** How often the files are looked at. */
const LOOK_MS = 5_000;
/** Of one service at once: the release, the one before, and what somebody tries. */
const MOST_KNOWN = 16;
const LONGEST_KEY = 4_096;

export function createPinnedKeys({ keyFiles, minimumSequence }: PinnedRelease): PinnedKeys {
  const known = new Map<string, KnownStatement>();
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  let stamp = '';
  let keys: readonly string[] = [];

  /** A file that cannot be read holds no key: nothing is believed by it. */
  function look(): void {
    const nowMs = performance.now();
    if (nowMs - lookedAtMs < LOOK_MS) return;
    lookedAtMs = nowMs;
    const now = keyFiles.map(stampOf).join('\n');
    if (now === stamp) return;
    stamp = now;
    keys = keyFiles.flatMap((file) => readKey(file) ?? []);
  }

  function create(text: string): KnownStatement {
    let verifiedBy: readonly string[] | undefined;
    let signed: Signed = { kind: 'none' };
    return {
      signed() {
        look();
        if (verifiedBy !== keys) {
          verifiedBy = keys;
          signed = verify(text, keys, minimumSequence);
        }
        return signed;
      },
    };
  }

  return {
    statement(text) {
      const before = known.get(text);
      if (before) return before;
      const created = create(text);
      known.set(text, created);
      const [oldest] = known.keys();
      if (known.size > MOST_KNOWN && oldest !== undefined) known.delete(oldest);
      return created;
    },
  };
}

function verify(text: string, keys: readonly string[], minimumSequence: number): Signed {
  const verdict = verifyStatement(text, { keys, minimumSequence });
  if ('refused' in verdict) {
    const { refused: code } = verdict;
    return NOT_MEANT.has(code) ? { kind: 'none' } : { kind: 'refused', code };
  }
  const { sourceHash, version, sequence, expires } = verdict;
  return { kind: 'believed', release: { sourceHash, version, sequence, expiresAt: Date.parse(expires) } };
}

function readKey(file: string): string | undefined {
  try {
    return statSync(file).size > LONGEST_KEY ? undefined : readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
