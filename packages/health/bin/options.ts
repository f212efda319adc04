/**
 * Options that several commands share, read with Node's own parser.
 */
import { readFileSync } from 'node:fs';
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { createScope, type Scope } from '../src/source/tree/scope.js';
import { systemCode } from '../src/source/tree/refusal.js';
import { InconclusiveError, UsageError, type OptionHelp } from './command.js';

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

export const SCOPE_OPTIONS = {
  exclude: { type: 'string', multiple: true },
  'exclude-from': { type: 'string', multiple: true },
} as const;

export const SCOPE_HELP: readonly OptionHelp[] = [
  ['--exclude NAME|PATH', 'leave out a name at any depth, or a path from DIR such as a/b or ./a; repeatable'],
  ['--exclude-from FILE', 'the same, one a line'],
];

interface ScopeValues {
  readonly exclude?: readonly string[] | undefined;
  readonly 'exclude-from'?: readonly string[] | undefined;
}

export function hasExcludes(values: ScopeValues): boolean {
  return values.exclude !== undefined || values['exclude-from'] !== undefined;
}

export function readScope(folder: string, values: ScopeValues): Scope {
  const listed = (values['exclude-from'] ?? []).flatMap((file) =>
    readText(file)
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '' && !line.startsWith('#')),
  );
  try {
    return createScope(folder, [...(values.exclude ?? []), ...listed]);
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(error.message);
    throw error;
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
