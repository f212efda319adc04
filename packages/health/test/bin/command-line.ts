/**
 * The command line as a process of its own.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export const PROGRAM = fileURLToPath(new URL('../../bin/portal-health.js', import.meta.url));

export interface Run {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `portal-health` to its end, which is within half a minute or a failure. */
export async function run(
  args: readonly string[],
  {
    cwd,
    env = {},
    input = '',
  }: { cwd?: string; env?: Readonly<Record<string, string>>; input?: string } = {},
): Promise<Run> {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    ...(cwd === undefined ? {} : { cwd }),
    env: { PATH: process.env['PATH'] ?? '', ...env },
    timeout: 30_000,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => void (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => void (stderr += chunk.toString()));
  child.stdin.end(input);
  await once(child, 'close');
  return { exit: child.exitCode, stdout, stderr };
}
