/** People who use the service meanwhile, each request on a connection of its own. */
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Traffic {
  responses(): number;
  /** Ends it and gives what went wrong, a line each. */
  stop(): Promise<readonly string[]>;
}

const EVERY_MS = 50;

/** Starts asking for the public report at `port`. */
export function startTraffic(port: number): Traffic {
  const failures: string[] = [];
  let answered = 0;
  const stopping = new AbortController();

  function ask(): Promise<void> {
    return new Promise((resolve) => {
      const failed = (error: NodeJS.ErrnoException): void => {
        failures.push(error.code ?? error.message);
        resolve();
      };
      get({ host: '127.0.0.1', port, path: '/health', agent: false }, (incoming) => {
        incoming.resume().on('error', failed);
        incoming.on('end', () => {
          answered += 1;
          if (incoming.statusCode !== 200) failures.push(`HTTP ${incoming.statusCode}`);
          resolve();
        });
      }).on('error', failed);
    });
  }

  const work = (async () => {
    while (!stopping.signal.aborted) {
      await ask();
      await sleep(EVERY_MS);
    }
  })();
  return {
    responses: () => answered,
    async stop() {
      stopping.abort();
      await work;
      return failures;
    },
  };
}
