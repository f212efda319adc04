/** A script of Node as a process of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Run {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a script to its end, and kills it after two minutes. */
export async function runScript(
  program: string,
  args: readonly string[],
  {
    cwd,
    env = {},
    input = '',
  }: { cwd?: string; env?: Readonly<Record<string, string>>; input?: string } = {},
): Promise<Run> {
  const child = spawn(process.execPath, [program, ...args], {
    ...(cwd === undefined ? {} : { cwd }),
    env: { PATH: process.env['PATH'] ?? '', ...env },
    timeout: 120_000,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => void (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => void (stderr += chunk.toString()));
  child.stdin.end(input);
  await once(child, 'close');
  return { exit: child.exitCode, stdout, stderr };
}
