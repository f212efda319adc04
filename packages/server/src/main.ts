#!/usr/bin/env node
/**
 * The binary `portal-server`, with the alias `portal`.
 */
import { runCommandLine } from './cli/command-line.js';
import { errorCode, framesOf } from 'portal-shared/error-code';

// By default Node prints the message of an uncaught error, which may hold a piece of a password.
process.on('uncaughtException', (error) => {
  process.stderr.write(
    `A bug ended the program (${errorCode(error)}).\n${framesOf(error).join('\n')}\n`,
    () => {
      process.exit(1);
    },
  );
});

// The reader of a pipe may go, as `head` does. That must not end the service.
process.stdout.on('error', () => undefined);

process.exitCode = await runCommandLine(process.argv);
