/**
 * What a command is, and what it is given.
 */
import type { Terminal } from './terminal.js';

export interface CliCommand {
  /** What follows the name, e.g. `DIR [--h1]`. */
  readonly synopsis: string;
  readonly about: string;
  /** One line an option: name, argument, meaning. */
  readonly options: readonly OptionHelp[];
  /** @returns the exit code */
  run(args: readonly string[], terminal: Terminal): Promise<number> | number;
}

export type OptionHelp = readonly [usage: string, about: string];

/** The command line cannot be followed; the sentence says why. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The question cannot be answered, for a reason outside of us; the sentence says which. */
export class InconclusiveError extends Error {
  override readonly name = 'InconclusiveError';
}
