/** Hashers as processes; the shell line is one as well. */
import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import type { Hashing, Order } from './hasher.js';

export interface Hasher {
  hash(order: Order): Promise<Hashing>;
  close(): Promise<void>;
}

/** Starts the contender whose compiled file is at `url`. */
export async function startHasher(url: URL): Promise<Hasher> {
  // As JSON a figure that was not measured would arrive as `null`.
  const child = fork(url, { execArgv: [], serialization: 'advanced' });
  await once(child, 'message');
  return {
    async hash(order) {
      child.send(order);
      const [hashing]: Hashing[] = await once(child, 'message');
      if (!hashing) throw new Error('The hasher sent nothing.');
      return hashing;
    },
    async close() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

const LINE =
  'cd "$0" && find . -type f -print0 | cut -zc3- | LC_ALL=C sort -z | xargs -0 sha256sum -- | sha256sum';

/** The line of the README. Memory and event loop delay of a shell say nothing about an application. */
export const shellHasher: Hasher = {
  async hash({ root }) {
    const startedMs = performance.now();
    const { stdout } = await promisify(execFile)('bash', ['-c', LINE, root]);
    const tookMs = performance.now() - startedMs;
    return { hash: stdout.slice(0, 64), tookMs, loopDelayMs: Number.NaN, memoryAddedBytes: Number.NaN };
  },
  close: () => Promise.resolve(),
};
