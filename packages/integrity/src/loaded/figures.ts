/**
 * Memory as the documents tell it: plain data, for administrators only. Paths are relative to the root unless it says
 * otherwise.
 */
import type { MatchedScript } from './match.js';
import type { OutsidePackage } from './outside.js';

export interface LoadedFigures {
  readonly inspected_at: string;
  /**
   * `different`: a script is not what its file was. `open`: nothing of the source is in memory, or Node does not let
   * itself be compared; that is no good news. `transformed`: a loader rewrites sources, so that some cannot be compared.
   */
  readonly state: 'same' | 'different' | 'transformed' | 'open';
  /** Scripts of the tree that are in memory. */
  readonly scripts: number;
  /** Whose text is not that of the file as hashed at the start. */
  readonly different: readonly string[];
  /** That say they came from a file which the tree did not have, or that they are Node's own and are not. */
  readonly unknown: readonly string[];
  /** That were rewritten by a loader on their way into memory. */
  readonly transformed: readonly string[];
  /** Scripts from files outside of the scope, such as dependencies. */
  readonly outside: number;
  /** The same by package. */
  readonly packages: readonly OutsidePackage[];
  /** Scripts made from text, without a file. */
  readonly evaluated: number;
  /** The SHA-256 of their texts, each once; the first of them in order. */
  readonly evaluated_digests: readonly string[];
  readonly process: ProcessFigures;
  /** Milliseconds for which the event loop was held. */
  readonly held_ms: number;
}

/** What can bring code into the process besides the files of the source. */
export interface ProcessFigures {
  /** As of the start; `null` when there were none. */
  readonly node_options: string | null;
  readonly exec_argv: readonly string[];
  /** What either of them loads before the application: `--import x`, `--require x`, `--loader x`. */
  readonly preloads: readonly string[];
  /** Whether hooks of the module loader are registered. */
  readonly loader_hooks: boolean;
  readonly inspector_open: boolean;
  /** Threads that run JavaScript, ours included; what is in their memory is not seen. */
  readonly workers: number;
  /** Paths of native code that is not of the system, addons mostly; `null` where the system does not tell. */
  readonly addons: readonly string[] | null;
}

/** The scripts in memory. */
export interface Inspection extends LoadedFigures {
  /** Every script of the tree, in the order of the paths. */
  readonly matched: readonly MatchedScript[];
}
