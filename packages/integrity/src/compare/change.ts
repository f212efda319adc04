/**
 * What a comparison of two trees tells.
 */

/** What became of a file. `from` of a change says where its content stood before. */
export type ChangeKind =
  | 'added'
  | 'removed'
  | 'modified'
  /** Same content under another path; the old path is `from`. */
  | 'renamed'
  /** Has the content of `from`, and `from` has the content of this. */
  | 'swapped'
  /** New, or overwritten, with the content of `from`, which is still there or was. */
  | 'copied';

/** One change, or one for a whole folder of files to which the same happened. */
export interface Change {
  readonly kind: ChangeKind;
  /** From the root; a folder, all of whose files changed alike, ends in `/`. `./` is the whole tree. */
  readonly path: string;
  readonly from?: string;
  /** How a modified text differs when it differs in nothing else, e.g. `only line ends: CRLF for LF`. */
  readonly note?: string;
  /** How many files this stands for. */
  readonly files: number;
}

/** How one tree differs from another. */
export interface Comparison {
  /** Paths that only the second tree has. */
  readonly added: number;
  /** Paths that only the first tree has. */
  readonly removed: number;
  /** Paths that both have, with different content. */
  readonly modified: number;
  /** What happened, grouped by the highest folder to which it happened as a whole, in the order of the paths. */
  readonly changes: readonly Change[];
}
