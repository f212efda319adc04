/**
 * Options that several commands share, read with Node's own parser.
 */
import { readFileSync } from 'node:fs';
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { systemCode } from '../error-code.js';
import { InconclusiveError, UsageError } from './command.js';

type OptionsConfig = NonNullable<ParseArgsConfig['options']>;

const JSON_OPTION = { json: { type: 'boolean' } } as const;

type Parsed<Options extends OptionsConfig> = ReturnType<
  typeof parseArgs<{ options: Options & typeof JSON_OPTION; allowPositionals: true }>
>;

/** Options and positionals; an unknown option is a usage error in Node's own words. */
export function parse<const Options extends OptionsConfig>(
  args: readonly string[],
  options: Options,
): Parsed<Options> {
  try {
    return parseArgs({ args: [...args], options: { ...options, ...JSON_OPTION }, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** Reads a file that was named on the command line. */
export function readText(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new InconclusiveError(`${file} cannot be read (${systemCode(error)}).`);
  }
}

export function one(positionals: readonly string[], what: string): string {
  const [first, ...others] = positionals;
  if (first === undefined || others.length > 0) throw new UsageError(`Expected exactly one ${what}.`);
  return first;
}

/** A whole number from 0. */
export function readCount(option: string, value: string): number {
  if (!/^\d{1,15}$/.test(value)) {
    throw new UsageError(`Expected --${option} to be a whole number from 0, got ${JSON.stringify(value)}.`);
  }
  return Number(value);
}
