/**
 * Names of scripts, as their loaders give them.
 */
import { normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A file by the name of a script. */
export interface NamedFile {
  /** Absolute path. */
  readonly file: string;
  /** Without a query: `?v=2` asks for another instance of the same file. */
  readonly isPlain: boolean;
}

/** `undefined` for a script that was made from text. */
export function fileOfName(name: string): NamedFile | undefined {
  // Whoever makes a script from text says where it lies, and may go there by the way of a place that is left out.
  if (name.startsWith('/')) return { file: normalize(name), isPlain: true };
  if (!name.startsWith('file:')) return undefined;
  try {
    return { file: fileURLToPath(name), isPlain: !/[?#]/.test(name) };
  } catch {
    return undefined;
  }
}
