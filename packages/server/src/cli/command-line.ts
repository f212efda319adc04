/**
 * The command line: which commands there are, and how an error of any of them is told. Exit code 1 is "could not be
 * done", 2 is "asked for wrongly", whether by an argument or by a setting.
 */
import { Command, CommanderError } from 'commander';
import { ConfigError } from '../config/env.js';
import { errorCode, framesOf } from 'portal-shared/error-code';
import { OperatorError, PortalError } from '../errors.js';
import { alertTestCommand } from './alert-test.js';
import { auditExportCommand } from './audit-export.js';
import { loginCodeCreateCommand } from './login-code-create.js';
import { migrateCommand } from './migrate.js';
import { serveCommand } from './serve.js';
import { sessionCreateCommand } from './session-create.js';
import { sessionListCommand } from './session-list.js';
import { sessionRevokeCommand } from './session-revoke.js';
import { tokenCreateCommand } from './token-create.js';
import { tokenListCommand } from './token-list.js';
import { tokenRevokeCommand } from './token-revoke.js';
import { userAddCommand } from './user-add.js';
import { userDisableCommand } from './user-disable.js';
import { userEnableCommand } from './user-enable.js';
import { userListCommand } from './user-list.js';
import { userPermissionCommand } from './user-permission.js';
import { userRemoveCommand } from './user-remove.js';

/** Runs one command and gives the exit code. */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync(argv);
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const { sentences, exitCode } = errorText(error);
    for (const sentence of sentences) console.error(sentence);
    return exitCode;
  }
}

function createProgram(): Command {
  const program = new Command('portal').description(
    'Portal Health: the service, its users and their sessions.',
  );
  const user = new Command('user').description('Users and their permissions.');
  const alert = new Command('alert').description('Who is told when something is wrong.');
  alert.addCommand(alertTestCommand());
  const session = new Command('session').description('Sessions, by which users are signed in.');
  for (const command of [
    userAddCommand(),
    userListCommand(),
    userPermissionCommand(),
    userDisableCommand(),
    userEnableCommand(),
    userRemoveCommand(),
  ])
    user.addCommand(command);
  for (const command of [sessionCreateCommand(), sessionListCommand(), sessionRevokeCommand()]) {
    session.addCommand(command);
  }
  const loginCode = new Command('login-code').description('One-time codes, with which users sign in.');
  loginCode.addCommand(loginCodeCreateCommand());
  const token = new Command('token').description('Tokens, by which machines read what administrators read.');
  for (const command of [tokenCreateCommand(), tokenListCommand(), tokenRevokeCommand()])
    token.addCommand(command);
  const audit = new Command('audit').description('Who came in, who was refused, and who changed what.');
  audit.addCommand(auditExportCommand());
  for (const command of [serveCommand(), migrateCommand(), user, session, loginCode, token, audit, alert])
    program.addCommand(command);
  // Commander ends the process by itself otherwise, and does so in every command unless each is told not to.
  for (const command of [
    program,
    ...program.commands,
    ...program.commands.flatMap(({ commands }) => commands),
  ]) {
    command.exitOverride().showHelpAfterError(`(see portal --help)`);
  }
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
  // What a driver says besides its code may hold a piece of a password.
  const code = errorCode(error);
  const meaning = Object.entries(MEANINGS).find(([pattern]) => new RegExp(`^(${pattern})$`).test(code))?.[1];
  if (meaning !== undefined) return { sentences: [`${meaning} (${code}).`], exitCode: 1 };
  return { sentences: [`A bug ended the command (${code}).`, ...framesOf(error)], exitCode: 1 };
}

/** What the codes of drivers mean. */
const MEANINGS: Readonly<Record<string, string>> = {
  'E[A-Z]+|EAI_AGAIN|08[0-9A-Z]{3}': 'The database cannot be reached',
  '28P01|28000|3D000|42501': 'The database refuses the login, or what it was asked for',
  '53300': 'The database accepts no more connections',
  '57P0[123]': 'The database is starting up or shutting down',
  '[0-9][0-9A-Z]{4}': 'The database answers with an error',
};
