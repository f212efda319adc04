/** Starts a server again when it ends by itself. */
import type { ServerProcess } from './server-process.js';

export interface SupervisorOptions {
  /** For the announcements: `Postgres`. */
  readonly name: string;
  readonly first: ServerProcess;
  /** Starts it again, where its clients look for it. */
  readonly start: () => Promise<ServerProcess>;
  readonly stop: (server: ServerProcess) => Promise<void>;
  /** Called with one sentence when it ended, and with one when it is back or cannot be brought back. */
  readonly announce: (line: string) => void;
}

export interface SupervisedServer {
  /** Of the one that runs, or ran last. */
  pid(): number;
  close(): Promise<void>;
}

/** Long enough not to wear out a machine that the server cannot live on, and for everybody to notice. */
const DELAY_MS = 5_000;

/** Keeps a server running until `close`. */
export function supervise({ name, first, start, stop, announce }: SupervisorOptions): SupervisedServer {
  let server = first;
  let timer: NodeJS.Timeout | undefined;
  let starting = Promise.resolve();
  let closed = false;
  let failed = false;

  function watch(): void {
    server.onEnd(() => {
      if (closed) return;
      announce(`${name} has ended, which nobody asked for; it is started again in ${DELAY_MS / 1000} s.`);
      startLater();
    });
  }

  function startLater(): void {
    timer = setTimeout(() => {
      starting = startAgain();
    }, DELAY_MS).unref();
  }

  async function startAgain(): Promise<void> {
    try {
      server = await start();
      failed = false;
      if (closed) return;
      announce(`${name} is back.`);
      watch();
    } catch (error) {
      if (closed) return;
      // Once for all the times that it fails in a row.
      if (!failed) announce(error instanceof Error ? error.message : String(error));
      failed = true;
      startLater();
    }
  }

  watch();
  return {
    pid: () => server.pid,
    async close() {
      closed = true;
      clearTimeout(timer);
      await starting;
      await stop(server);
    },
  };
}
