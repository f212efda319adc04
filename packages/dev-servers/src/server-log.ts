/** The file that a server prints to: added to by one start after the other, and bounded. */
import { open } from 'node:fs/promises';

export interface ServerLog {
  readonly fd: number;
  /** What was printed since it was opened. */
  read(): Promise<string>;
  close(): Promise<void>;
}

const LIMIT_BYTES = 8 * 1024 * 1024;
const CHECK_INTERVAL_MS = 60_000;

/** Opens `file`, readable by us only, and empties it now and later whenever it is larger than 8 MiB. */
export async function openLog(file: string): Promise<ServerLog> {
  // For appending, so that a server goes on at the new end when the file is emptied.
  const handle = await open(file, 'a+', 0o600);
  let start = 0;

  async function bound(): Promise<number> {
    const { size } = await handle.stat();
    if (size <= LIMIT_BYTES) return size;
    await handle.truncate(0);
    start = 0;
    return 0;
  }

  start = await bound();
  const looking = setInterval(() => {
    // A disk that fails will be noticed elsewhere.
    bound().catch(() => undefined);
  }, CHECK_INTERVAL_MS).unref();
  return {
    fd: handle.fd,
    async read() {
      const reader = await open(file);
      try {
        const { size } = await reader.stat();
        const bytes = Buffer.alloc(Math.max(0, size - start));
        const { bytesRead } = await reader.read(bytes, 0, bytes.length, start);
        return bytes.toString('utf8', 0, bytesRead);
      } finally {
        await reader.close();
      }
    },
    async close() {
      clearInterval(looking);
      await handle.close();
    },
  };
}
