/**
 * The `node:http` server, and how it stops without failing a request.
 *
 * `Server.close()` of Node ends idle connections at once, also one on which a client is just sending its next request,
 * who then sees it reset. So we first stop accepting, answer what comes on the open connections with
 * `Connection: close`, and end those that stay idle only after a while.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Server as NetServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from '../error-code.js';
import { OperatorError } from '../errors.js';

/** A server that can be stopped gently. */
export interface HttpServer {
  readonly server: Server;
  /** Every request from now on goes to `listener`. */
  answerWith(listener: (request: IncomingMessage, response: ServerResponse) => void): void;
  /**
   * Listens, and gives the port.
   *
   * @throws OperatorError when that is not possible
   */
  listen(at: { readonly host: string; readonly port: number }): Promise<number>;
  /** Stops accepting, lets every request end that has begun, and cuts off what is still open after `deadlineMs`. */
  stop(deadlineMs: number): Promise<void>;
}

/** A client that has sent nothing for this long is not about to. */
const IDLE_MS = 1_000;
/**
 * Nobody came for this long, and in so many turns of the event loop: the queue of the port is empty. Time alone does not
 * tell on a busy machine, where it may pass within one turn.
 */
const QUIET_MS = 10;
const QUIET_TURNS = 5;
/** And this is how long answers are held for it at most, should somebody always come. */
const HELD_MS = 200;
const HELD_TURNS = 200;
/** Headers and body of a request are small here; whoever takes longer is holding a connection. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** Longer than the 60 s of common load balancers, so that it is they who end an idle connection. */
const KEEP_ALIVE_TIMEOUT_MS = 72_000;

/**
 * Makes a server that listens to nothing yet.
 *
 * @param onError - told of every connection that could not be accepted
 */
export function createHttpServer(onError: (error: unknown) => void): HttpServer {
  const server = createServer({
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
  });
  let stopping = false;

  /** Requests that wait for the port to be closed; `undefined` while they do not have to. */
  let held: (() => void)[] | undefined;

  /**
   * Stops accepting without a reset. A client who waits in the queue of a port when it closes is reset, and Node takes
   * only one a turn of the event loop out of that queue. So we hold our answers for a moment: clients who have none yet
   * do not come again, the queue runs empty, and then the port closes.
   */
  async function closePort(): Promise<void> {
    held = [];
    const startedMs = performance.now();
    let lastArrivalMs = startedMs;
    let turns = 0;
    let quietTurns = 0;
    server.on('connection', () => {
      lastArrivalMs = performance.now();
      quietTurns = 0;
    });
    let nowMs = startedMs;
    while (
      (quietTurns < QUIET_TURNS || nowMs - lastArrivalMs < QUIET_MS) &&
      (turns < HELD_TURNS || nowMs - startedMs < HELD_MS)
    ) {
      await new Promise(setImmediate);
      turns += 1;
      quietTurns += 1;
      nowMs = performance.now();
    }
    // That of `net`, because that of `http` also ends idle connections; see above.
    NetServer.prototype.close.call(server);
    stopping = true;
    for (const answer of held) answer();
    held = undefined;
  }

  return {
    server,
    answerWith(listener) {
      function answer(request: IncomingMessage, response: ServerResponse): void {
        if (stopping) response.setHeader('Connection', 'close');
        listener(request, response);
      }
      server.on('request', (request, response) => {
        if (held) held.push(() => answer(request, response));
        else answer(request, response);
      });
    },
    listen({ host, port }) {
      return new Promise((resolve, reject) => {
        function refuse(error: Error): void {
          reject(listenError(error, host, port));
        }
        server.once('error', refuse);
        server.listen({ host, port }, () => {
          server.off('error', refuse);
          // From now on: a connection that could not be accepted, for want of descriptors. The next one may be.
          server.on('error', onError);
          const address = server.address();
          resolve(typeof address === 'object' && address !== null ? address.port : port);
        });
      });
    },
    async stop(deadlineMs) {
      if (!server.listening) return;
      const closed = new Promise<void>((resolve) => {
        server.once('close', resolve);
      });
      await closePort();
      const cut = new AbortController();
      void sleep(Math.min(IDLE_MS, deadlineMs), undefined, { signal: cut.signal })
        .then(() => {
          server.closeIdleConnections();
          return sleep(Math.max(0, deadlineMs - IDLE_MS), undefined, { signal: cut.signal });
        })
        .then(() => server.closeAllConnections())
        .catch(() => undefined);
      await closed;
      cut.abort();
      // Ends the timer with which `http` looks for slow requests.
      server.close();
    },
  };
}

function listenError(error: unknown, host: string, port: number): OperatorError {
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return new OperatorError(
        `Expected \`PORT\` to be a port that nobody listens on at ${host}, got ${port}, which another program has.`,
      );
    case 'EACCES':
      return new OperatorError(`Expected \`PORT\` to be a port that this user may listen on, got ${port}.`);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new OperatorError(
        `Expected \`HOST\` to be an address of this machine, got ${JSON.stringify(host)}.`,
      );
    default:
      return new OperatorError(
        `Expected \`HOST\` and \`PORT\` to be an address to listen on, got ${JSON.stringify(host)} and ${port} (${codeOf(error)}).`,
      );
  }
}
