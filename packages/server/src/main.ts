#!/usr/bin/env node
/**
 * The binary `portal`.
 */
import { runCommandLine } from './cli/command-line.js';
import { errorCode, framesOf } from 'portal-shared/error-code';

// By default Node prints the words of an error that nobody caught, which may hold a piece of a password.
process.on('uncaughtException', (error) => {
  process.stderr.write(
    `A bug ended the program (${errorCode(error)}).\n${framesOf(error).join('\n')}\n`,
    () => {
      process.exit(1);
    },
  );
});

// Whoever read what we say is gone: a reason to say nothing, not to end.
process.stdout.on('error', () => undefined);

process.exitCode = await runCommandLine(process.argv);
