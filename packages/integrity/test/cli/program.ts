/**
 * `portal-integrity` as a process of its own.
 */
import { fileURLToPath } from 'node:url';
import { runScript } from 'portal-test-kit';

export const PROGRAM = fileURLToPath(new URL('../../src/cli/portal-integrity.js', import.meta.url));

export const run = runScript.bind(undefined, PROGRAM);
