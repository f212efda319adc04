#!/usr/bin/env node
/**
 * The command line: finds the command, runs it, and turns what it says into an exit code.
 */
import { InconclusiveError, UsageError, type Command } from './command.js';
import { diffCommand } from './commands/diff.js';
import { hashCommand } from './commands/hash.js';
import { keygenCommand } from './commands/keygen.js';
import { loadedCommand } from './commands/loaded.js';
import { manifestCommand } from './commands/manifest.js';
import { signCommand } from './commands/sign.js';
import { statusCommand } from './commands/status.js';
import { verifyCommand } from './commands/verify.js';
import { watchCommand } from './commands/watch.js';
import { EXIT } from './exit-code.js';
import { helpOf, helpOfAll } from './help.js';
import { createTerminal } from './terminal.js';

const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ['status', statusCommand],
  ['hash', hashCommand],
  ['manifest', manifestCommand],
  ['keygen', keygenCommand],
  ['sign', signCommand],
  ['verify', verifyCommand],
  ['diff', diffCommand],
  ['watch', watchCommand],
  ['loaded', loadedCommand],
]);

// Not process.exit(): what is still to be written to a pipe would be lost.
process.exitCode = await main(process.argv.slice(2));

async function main([name = '', ...args]: readonly string[]): Promise<number> {
  const terminal = createTerminal({ json: args.includes('--json') });
  const command = COMMANDS.get(name);
  if (name === '--help' || name === '-h' || name === 'help') {
    terminal.raw(helpOfAll(COMMANDS));
    return EXIT.clean;
  }
  if (!command) {
    terminal.complain(`Expected a command, got ${JSON.stringify(name)}. portal-health --help lists them.`);
    return EXIT.usage;
  }
  if (args.includes('--help') || args.includes('-h')) {
    terminal.raw(helpOf(name, command));
    return EXIT.clean;
  }
  try {
    return await command.run(args, terminal);
  } catch (error) {
    if (error instanceof UsageError) {
      terminal.complain(`${error.message} portal-health ${name} --help tells more.`);
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
