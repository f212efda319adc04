#!/usr/bin/env node
/**
 * The binary `portal-integrity`.
 */
import { runCli } from 'portal-shared/cli/program';
import { dependenciesCommand } from './dependencies.js';
import { diffCommand } from './diff.js';
import { hashCommand } from './hash.js';
import { keygenCommand } from './keygen.js';
import { loadedCommand } from './loaded.js';
import { manifestCommand } from './manifest.js';
import { signCommand } from './sign.js';
import { verifyCommand } from './verify.js';
import { watchCommand } from './watch.js';

// Not process.exit(): what is still to be written to a pipe would be lost.
process.exitCode = await runCli(
  {
    name: 'portal-integrity',
    manifest: new URL('../../../package.json', import.meta.url),
    about: 'is it running the code we shipped?',
    commands: new Map([
      ['hash', hashCommand],
      ['manifest', manifestCommand],
      ['keygen', keygenCommand],
      ['sign', signCommand],
      ['verify', verifyCommand],
      ['diff', diffCommand],
      ['watch', watchCommand],
      ['loaded', loadedCommand],
      ['dependencies', dependenciesCommand],
    ]),
    addsUp: true,
  },
  process.argv.slice(2),
);
