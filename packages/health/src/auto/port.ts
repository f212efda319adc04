/**
 * The port of this process. By `NODE_OPTIONS` every program of a command loads this, and those that only start others (`tsx
 * watch`, nodemon, `nest start`) are there first: whichever has found nothing gives the port to one that has.
 */
import { createServer, request, type Server } from 'node:http';
import type { HealthHandler } from '../adapters/node.js';
import { withoutSpans } from '../tracing.js';
import { driverCode } from '../unknown.js';

/** The process that has the port may end. */
const RETRY_MS = 10_000;
/** What somebody else has there need not answer. */
const ASKED_FOR_MS = 1_000;
/** So that whoever asks never takes the descriptors that the application needs. */
const MOST_CONNECTIONS = 64;
/** Asks for the port. */
const ASKING = { method: 'POST', path: '/portal-health/port' } as const;

export interface PortOptions {
  /** 0 takes any. */
  readonly port: number;
  readonly host: string;
  readonly say: (line: string) => void;
  readonly handler: HealthHandler;
  /** Whether there is nothing that this process would serve. */
  readonly isIdle: () => boolean;
  /** It is worth a try again. */
  readonly retry: () => void;
}

export interface Port {
  /** Where it listens; `undefined` where it cannot, which it says once. */
  open(): Promise<string | undefined>;
}

export function createPort({ port, host, say, handler, isIdle, retry }: PortOptions): Port {
  let url: string | undefined;
  let told: string | undefined;
  let waiting: NodeJS.Timeout | undefined;

  const server = createServer((asked, response) => {
    if (asked.method === ASKING.method && asked.url === ASKING.path && isIdle()) {
      url = undefined;
      server.close();
      response.writeHead(204, { connection: 'close' }).end(() => server.closeAllConnections());
      wait(leaving());
    } else if (!handler(asked, response)) response.writeHead(404).end();
  });
  server.maxConnections = MOST_CONNECTIONS;
  // A connection that is kept open must not keep the process.
  server.on('connection', (socket) => socket.unref());

  function leaving(): string {
    return `process ${process.pid} has found nothing to watch, and leaves ${host}:${port} to another.`;
  }

  function wait(line: string): void {
    if (line !== told) say(line);
    told = line;
    waiting ??= setTimeout(() => {
      waiting = undefined;
      retry();
    }, RETRY_MS).unref();
  }

  /** What listening says against it. */
  async function refusal(): Promise<string | undefined> {
    try {
      url = await listen(server, port, host);
      return undefined;
    } catch (error) {
      return driverCode(error) ?? 'UNKNOWN';
    }
  }

  return {
    async open() {
      if (url !== undefined) return url;
      let reason = await refusal();
      const isInUse = reason === 'EADDRINUSE';
      if (isInUse && !isIdle() && (await isGiven(port, host))) reason = await refusal();
      if (reason !== undefined) {
        wait(
          isInUse && isIdle()
            ? leaving()
            : `process ${process.pid} is not watched, as it cannot listen at ${host}:${port} (${reason}). ` +
                'PORTAL_HEALTH_PORT=0 takes any port that is free.',
        );
      }
      return url;
    },
  };
}

/** Resolves with where it listens; rejects when it cannot, and may be called again then. */
function listen(server: Server, port: number, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // In a worker of a cluster a port is shared otherwise, and each answer another worker's.
    server.listen({ port, host, exclusive: true }, () => {
      server.off('error', reject);
      server.on('error', () => undefined);
      server.unref();
      const address = server.address();
      const bound = typeof address === 'object' && address !== null ? address.port : port;
      resolve(`http://${host.includes(':') ? `[${host}]` : host}:${bound}`);
    });
  });
}

/** Whether the process that has the port gives it up. */
function isGiven(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const options = { ...ASKING, port, host, agent: false, timeout: ASKED_FOR_MS };
    const asking = withoutSpans(() => request(options));
    asking.on('response', (response) => {
      resolve(response.statusCode === 204);
      response.resume();
    });
    asking.on('socket', (socket) => socket.unref());
    asking.on('error', () => resolve(false));
    asking.on('timeout', () => asking.destroy());
    asking.end();
  });
}
