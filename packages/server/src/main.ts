#!/usr/bin/env node
/**
 * The binary `portal-server`, with the alias `portal`.
 */
import { followScripts } from 'portal-integrity/follow';
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

// Before anything else is loaded: V8 tells each script as it compiles it, and need not go through all of them later.
const scripts = process.argv[2] === 'serve' ? followScripts() : undefined;

const { runCommandLine } = await import('./cli/command-line.js');
process.exitCode = await runCommandLine(process.argv, scripts);
