/** The scripts that V8 has told, each once. */
import type { ScriptParsed } from './debugger-session.js';

/** What V8 has told. */
export interface CompiledScripts {
  /**
   * Name and digest of every script that says it came from a file or is Node's own, one after the other. The name is
   * the one that its loader gave: a `sourceURL` comment, which the script itself could carry, does not count. The
   * digest is the SHA-256 of the text that V8 compiled, 64 lower-case hexadecimal digits.
   */
  readonly scripts: readonly string[];
  /** Scripts made from text, and the digests of the first of them, each once. */
  readonly texts: number;
  readonly textDigests: readonly string[];
}

export interface ScriptList {
  /**
   * @param isNew - whether a script made from text is one more
   * @returns its name when it came from a file or is Node's own
   */
  note(script: ScriptParsed, isNew: boolean): string | undefined;
  size(): number;
  told(): CompiledScripts;
}

/** The name of a `data:` module holds its whole text; of a longer path than this no system knows. */
const MAX_NAME = 8_192;
const NAMED = /^(?:\/|file:|node:)/;
const MAX_TEXTS = 1_000;

export function createScriptList(): ScriptList {
  const scripts = new Map<string, readonly [name: string, digest: string]>();
  const textDigests = new Set<string>();
  let texts = 0;

  return {
    note({ embedderName, hash }, isNew) {
      if (!NAMED.test(embedderName)) {
        if (isNew) texts += 1;
        if (textDigests.size < MAX_TEXTS) textDigests.add(hash);
        return undefined;
      }
      const name = embedderName.slice(0, MAX_NAME);
      scripts.set(`${hash}${name}`, [name, hash]);
      return name;
    },
    size: () => scripts.size,
    told: () => ({ scripts: [...scripts.values()].flat(), texts, textDigests: [...textDigests] }),
  };
}
