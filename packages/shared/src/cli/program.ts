/**
 * A command line: finds the command, runs it, and turns what it says into an exit code.
 */
import { readFileSync } from 'node:fs';
import { InconclusiveError, UsageError } from './command.js';
import { EXIT } from './exit-code.js';
import { helpOf, helpOfAll, type Program } from './help.js';
import { createTerminal } from './terminal.js';

/** Runs the command that `argv` names. @returns the exit code */
export async function runCli(program: Program, [name = '', ...args]: readonly string[]): Promise<number> {
  const terminal = createTerminal({ json: args.includes('--json') });
  const command = program.commands.get(name);
  if (name === '--help' || name === '-h' || name === 'help') {
    terminal.raw(helpOfAll(program));
    return EXIT.clean;
  }
  if (name === '--version' || name === '-V') {
    const { version } = JSON.parse(readFileSync(program.manifest, 'utf8')) as { version: string };
    terminal.raw(`${program.name} ${version}\n`);
    return EXIT.clean;
  }
  if (!command) {
    terminal.complain(`Expected a command, got ${JSON.stringify(name)}. ${program.name} --help lists them.`);
    return EXIT.usage;
  }
  if (args.includes('--help') || args.includes('-h')) {
    terminal.raw(helpOf(program, name, command));
    return EXIT.clean;
  }
  try {
    return await command.run(args, terminal);
  } catch (error) {
    if (error instanceof UsageError) {
      terminal.complain(`${error.message} ${program.name} ${name} --help tells more.`);
      return EXIT.usage;
    }
    if (error instanceof InconclusiveError) {
      terminal.complain(error.message);
      terminal.document({ error: error.message });
      return EXIT.inconclusive;
    }
    // A bug of ours; Node's own exit code for it would read as "files added".
    terminal.complain(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return EXIT.inconclusive;
  }
}
