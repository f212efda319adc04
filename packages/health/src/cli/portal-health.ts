#!/usr/bin/env node
/**
 * The binary `portal-health`.
 */
import { runCli } from 'portal-shared/cli/program';
import { statusCommand } from './status.js';

// Not process.exit(): what is still to be written to a pipe would be lost.
process.exitCode = await runCli(
  {
    name: 'portal-health',
    manifest: new URL('../../../package.json', import.meta.url),
    about: 'is it up?',
    commands: new Map([['status', statusCommand]]),
    addsUp: false,
  },
  process.argv.slice(2),
);
