/**
 * Text from elsewhere, made fit for a terminal.
 */

/** A path as it can be shown on a terminal: control characters, and what stands for bad UTF-8, are written out. */
export function printable(path: string): string {
  return path.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u{fffd}\\]/gu, (character) =>
    character === '\\' ? '\\\\' : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
