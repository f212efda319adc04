/**
 * `--help`, made from what the commands say of themselves.
 */
import type { CliCommand, OptionHelp } from './command.js';

const EXIT_CODES = `Exit codes add up:
    0  all as it should be          8  memory differs from the files     64  an entry that must not be there
    1  files added                 16  not signed, or not to be believed 128  the command line is wrong
    2  files removed               32  unreachable, or no answer to be had
    4  files modified
`;

/** What one binary is, and what it can do. */
export interface Program {
  readonly name: string;
  /** The package.json of its package, for `--version`. */
  readonly manifest: URL;
  readonly about: string;
  readonly commands: ReadonlyMap<string, CliCommand>;
  /** Whether the exit codes of its commands add up, as those of `EXIT`. */
  readonly addsUp: boolean;
}

export function helpOfAll({ name: program, about: purpose, commands, addsUp }: Program): string {
  const lines = Array.from(
    commands,
    ([name, { synopsis, about }]) => `  ${name} ${synopsis}\n      ${about}\n`,
  );
  return `${program}: ${purpose}

${lines.join('')}
  --json    one JSON document instead of text, with every command
  --help    after a command: its options
  --version

${addsUp ? EXIT_CODES : ''}`;
}

export function helpOf(program: Program, name: string, { synopsis, about, options }: CliCommand): string {
  const listed: readonly OptionHelp[] = [...options, ['--json', 'one JSON document instead of text']];
  const width = Math.max(...listed.map(([usage]) => usage.length));
  const lines = listed.map(([usage, meaning]) => `  ${usage.padEnd(width)}  ${meaning}\n`);
  return `${program.name} ${name} ${synopsis}

${about}

${lines.join('')}
${program.addsUp ? EXIT_CODES : ''}`;
}
