/**
 * The command line: which commands there are, and how an error of any of them is reported. Exit code 1 is "could not be
 * done", 2 is "asked for wrongly", whether by an argument or by a setting.
 */
import { Command, CommanderError } from 'commander';
import type { FollowedScripts } from 'portal-integrity/follow';
import { errorCode, framesOf } from 'portal-shared/error-code';
import { ConfigError } from '../config/env.js';
import { SERVICE, VERSION } from '../config/installation.js';
import { OperatorError, PortalError } from '../errors.js';
import { addFleetCommands } from './fleet.js';
import { addDoctorCommand } from './doctor.js';
import { addOperationCommands } from './operations.js';
import { addServeCommands } from './serve.js';
import { addSessionCommands } from './sessions.js';
import { addStatusCommands } from './status.js';
import { addTokenCommands } from './tokens.js';
import { addUserCommands } from './users.js';

/**
 * @param scripts - of this process, for the service to watch
 * @returns the exit code
 */
export async function runCommandLine(argv: readonly string[], scripts?: FollowedScripts): Promise<number> {
  let exitsWith = 0;
  try {
    await createProgram(scripts, (code) => {
      exitsWith = code;
    }).parseAsync(argv);
    return exitsWith;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const { sentences, exitCode } = errorText(error);
    for (const sentence of sentences) console.error(sentence);
    return exitCode;
  }
}

function createProgram(scripts: FollowedScripts | undefined, exitWith: (code: number) => void): Command {
  const program = new Command('portal')
    .description('Portal Health: the service, its users and their sessions.')
    .version(`${SERVICE} ${VERSION}`)
    // Commander ends the process itself otherwise. Commands added later inherit this, and the line about help.
    .exitOverride()
    .showHelpAfterError('(see portal --help)');
  addServeCommands(program, scripts);
  addDoctorCommand(program, exitWith);
  addUserCommands(program);
  addSessionCommands(program);
  addTokenCommands(program);
  addFleetCommands(program);
  addStatusCommands(program);
  addOperationCommands(program);
  return program;
}

interface ErrorText {
  readonly sentences: readonly string[];
  readonly exitCode: 1 | 2;
}

function errorText(error: unknown): ErrorText {
  if (error instanceof ConfigError) return { sentences: error.sentences, exitCode: 2 };
  if (error instanceof PortalError) {
    return { sentences: [error.message], exitCode: error.type === 'badRequest' ? 2 : 1 };
  }
  if (error instanceof OperatorError) return { sentences: [error.message], exitCode: 1 };
  // A driver's message may hold a piece of a password; its code does not.
  const code = errorCode(error);
  const meaning = Object.entries(MEANINGS).find(([pattern]) => new RegExp(`^(${pattern})$`).test(code))?.[1];
  if (meaning !== undefined) return { sentences: [`${meaning} (${code}).`], exitCode: 1 };
  return { sentences: [`A bug ended the command (${code}).`, ...framesOf(error)], exitCode: 1 };
}

/** By the code of a driver. */
const MEANINGS: Readonly<Record<string, string>> = {
  'E[A-Z]+|EAI_AGAIN|08[0-9A-Z]{3}': 'The database cannot be reached',
  '28P01|28000|3D000|42501': 'The database refuses the login, or what it was asked for',
  '53300': 'The database accepts no more connections',
  '57P0[123]': 'The database is starting up or shutting down',
  '[0-9][0-9A-Z]{4}': 'The database answers with an error',
};
