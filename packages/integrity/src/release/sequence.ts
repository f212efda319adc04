/**
 * The highest sequence of a release that was accepted in a place, so that an older one is told there although it is signed.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { systemCode } from 'portal-shared/error-code';

export interface RememberedSequence {
  /** `undefined` when there is none, or none that can be read. */
  readonly sequence: number | undefined;
  /** Why there is none: `ENOENT`, another code of the system, or that the file holds something else; empty when there is one. */
  readonly lost: string;
}

export function readSequence(file: string): RememberedSequence {
  try {
    const text = readFileSync(file, 'utf8').trim();
    return /^\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text))
      ? { sequence: Number(text), lost: '' }
      : { sequence: undefined, lost: 'it holds no number' };
  } catch (error) {
    return { sequence: undefined, lost: systemCode(error) };
  }
}

/**
 * A process that is cut off in the middle leaves the file of before.
 *
 * @returns why it could not be kept; empty when it was
 */
export function keepSequence(file: string, sequence: number): string {
  const written = `${file}.new`;
  try {
    writeFileSync(written, `${sequence}\n`, { mode: 0o600 });
    renameSync(written, file);
    return '';
  } catch (error) {
    return systemCode(error);
  }
}
