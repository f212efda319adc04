/**
 * Why a tree has no hash. Nothing is ever skipped in silence: without the hash of one entry there is none of the tree.
 */
import { printable } from 'portal-shared/printable';

export type ScanErrorCode =
  /** A symbolic link: what it points at may lie outside of the tree. */
  | 'E_SYMLINK'
  /** A link that was signed, and is missing or leads elsewhere. */
  | 'E_LINK'
  /** A fifo, a socket or a device. */
  | 'E_SPECIAL'
  /** A name that `sha256sum` and a manifest cannot carry as it is. */
  | 'E_NAME'
  /** A `node_modules` that is left out by its name and takes over the imports of the code beside it. */
  | 'E_NESTED'
  /** Something that is left out of the hash, where nothing was when the tree was signed, or at the start. */
  | 'E_LEFT_OUT'
  /** No file at all: the hash of nothing would look like any other. */
  | 'E_EMPTY'
  /** A file larger than any that is read, or one that goes on for as long as it is read. */
  | 'E_LARGE'
  /** Changed while it was read, three times over. */
  | 'E_UNSTABLE'
  /** The operating system did not let us read it. */
  | 'E_READ'
  /** It is still being read: much more than usual, or from a slow disk. */
  | 'E_BUSY'
  /** The thread that reads it did not start, or has ended. */
  | 'E_THREAD';

/** One entry that cannot be hashed. */
export interface ScanError {
  readonly code: ScanErrorCode;
  /** Relative to the root, `.` for the root itself; not fit for the public, nor for a terminal unless `printable`. */
  readonly path: string;
  /** What the operating system said, e.g. `EACCES`; empty when it was not asked. */
  readonly cause: string;
  /** What whoever watches the tree can do. */
  readonly remedy?: string;
}

const SENTENCES: Readonly<Record<ScanErrorCode, string>> = {
  E_SYMLINK: 'is a symbolic link',
  E_LINK: 'is not the link that was signed',
  E_SPECIAL: 'is neither a file nor a folder; remove it, or exclude it by its place',
  E_NAME: 'has a name that is not UTF-8, is "-", or holds a control character or a backslash',
  E_NESTED:
    'takes over the imports of the code beside it and is left out by its name alone; where it belongs there, exclude it by its place',
  E_LEFT_OUT:
    'is left out of the hash and was added since: it was not there when the source was signed, or at the start; if it belongs there, sign again where it lies',
  E_EMPTY: 'holds no file in scope',
  E_LARGE:
    'is larger than what is read of one file; exclude it by its place, or raise maxFileBytes if it belongs to the source',
  E_UNSTABLE: 'changes while it is read',
  E_READ: 'cannot be read',
  E_BUSY: 'is still being read',
  E_THREAD: 'is not read, as the thread that does it did not start or has ended',
};

/** Whether what is known of a file stands behind one of these: the file itself, or a folder that it is in. */
export function isBehind(path: string, scanErrors: readonly ScanError[]): boolean {
  return scanErrors.some(
    (scanError) => scanError.path === '.' || path === scanError.path || path.startsWith(`${scanError.path}/`),
  );
}

/** One line for people: `E_READ dist/main.js cannot be read (EACCES)`. */
export function scanErrorText({ code, path, cause, remedy }: ScanError): string {
  const why = cause === '' ? '' : ` (${printable(cause)})`;
  return `${code} ${printable(path)} ${SENTENCES[code]}${why}${remedy === undefined ? '' : `; ${printable(remedy)}`}`;
}

/** A tree, or a file of it, that has no hash; `scanErrors` holds every entry that stands in the way. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
  readonly scanErrors: readonly ScanError[];

  constructor(scanErrors: readonly ScanError[]) {
    const [first] = scanErrors;
    const others = scanErrors.length - 1;
    super(`${first ? scanErrorText(first) : 'no reason given'}${others > 0 ? `, and ${others} more` : ''}`);
    this.scanErrors = scanErrors;
  }
}
