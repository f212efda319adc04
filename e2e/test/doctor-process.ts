/** `portal doctor` as a person runs it. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../../packages/server/dist/src/main.js', import.meta.url));
/** A promise of the documentation, and so the limit after which it is killed where that promise is tried. */
const LIMIT_MS = 10_000;

/** What it said, and its exit code. */
export interface Diagnosed {
  readonly exitCode: number;
  /** Of standard output and error. */
  readonly text: string;
}

/**
 * @param cwd - where there is no service whose stores it would look at
 * @throws an Error when it takes longer than it may
 */
export function runDoctor(
  cwd: string,
  environment: Readonly<Record<string, string>>,
  { args = [], limitMs = LIMIT_MS }: { readonly args?: readonly string[]; readonly limitMs?: number } = {},
): Promise<Diagnosed> {
  return new Promise((resolve, reject) => {
    const env = { PATH: process.env['PATH'], ...environment };
    const options = { cwd, env, timeout: limitMs };
    execFile(process.execPath, [MAIN, 'doctor', ...args], options, (error, stdout, stderr) => {
      if (error?.killed) reject(new Error(`It took longer than ${limitMs} ms.`));
      else resolve({ exitCode: typeof error?.code === 'number' ? error.code : 0, text: stdout + stderr });
    });
  });
}
