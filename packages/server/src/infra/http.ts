/**
 * The `node:http` server, and how it stops without failing a request.
 *
 * `Server.close()` of Node ends idle connections at once, also one on which a client is just sending its next request,
 * who then sees it reset. So we first stop accepting, answer what comes on the open connections with
 * `Connection: close`, and end those that stay idle only after a while.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from 'portal-shared/error-code';
import { OperatorError } from '../errors.js';
import { createConnections } from './connections.js';
import { connectionsBeside } from './descriptors.js';
import { discardAfterClose } from './discard-after-close.js';
import { watchStalledReaders } from './stalled-readers.js';
import { withoutPipelining, type RequestListener } from './pipelining.js';

/** A server that can be stopped gently. */
export interface HttpServer {
  readonly server: Server;
  /** Every request from now on goes to `listener`. */
  onRequest(listener: RequestListener): void;
  /** True when `socket` carries an answer of which something has been sent: nothing else may be written to it. */
  isResponding(socket: Socket): boolean;
  /**
   * Listens, and gives the port.
   *
   * @throws OperatorError when that is not possible
   */
  listen(at: { readonly host: string; readonly port: number }): Promise<number>;
  /** The address that it listens on; `undefined` before it does. */
  boundTo(): string | undefined;
  /** Stops accepting, lets every request end that has begun, and cuts off what is still open after `deadlineMs`. */
  stop(deadlineMs: number): Promise<void>;
}

/** What may be chosen about it. */
export interface HttpServerOptions {
  /** Connections at once; default: what the limit of descriptors leaves beside `reserved`. */
  readonly mostConnections?: number;
  /** Of them from one address; default: a quarter. */
  readonly mostOfAddress?: number;
  /** Descriptors to be left for others, such as the pool; default 0. */
  readonly reserved?: number;
  /** Addresses that stand for many clients, and so have no bound of their own; default none. */
  readonly isTrustedProxy?: (address: string) => boolean;
  /** How long nothing of an answer may be taken; default 30 s. */
  readonly stalledMs?: number;
  /** Told of every connection that was ended for what it did, or to make room. */
  readonly onCut?: (reason: CutReason) => void;
}

/** It asked on and read no answer; or room was needed. */
export type CutReason = 'unread' | 'room';

/** A client that has sent nothing for this long is not about to. */
const IDLE_MS = 1_000;
/**
 * Nobody came for this long, and in so many turns of the event loop: the queue of the port is empty. Time alone does not
 * tell on a busy machine, where it may pass within one turn.
 */
const QUIET_MS = 10;
const QUIET_TURNS = 5;
/** And this is how long answers are held for it at most, should somebody always come. */
const DEFERRED_MS = 200;
const DEFERRED_TURNS = 200;
/** Headers and body of a request are small here; whoever takes longer is holding a connection. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** Longer than the 60 s of common load balancers, so that it is they who end an idle connection. */
const KEEP_ALIVE_TIMEOUT_MS = 72_000;
/** How often Node looks for those who take longer: so late they are cut off at most. */
const CHECKING_INTERVAL_MS = 500;
/** While an answer is under way nothing moved for so long, neither in nor out: nobody reads it. */
const STALLED_MS = 30_000;
/** One address may have a quarter of them, and as many as a browser and its neighbours need. */
const SHARE_OF_ADDRESS = 4;
const LEAST_OF_ADDRESS = 64;

/**
 * Makes a server that listens to nothing yet.
 *
 * @param onError - told of every connection that could not be accepted
 */
export function createHttpServer(
  onError: (error: unknown) => void,
  {
    mostConnections,
    mostOfAddress,
    reserved = 0,
    isTrustedProxy = () => false,
    stalledMs: standstillMs = STALLED_MS,
    onCut,
  }: HttpServerOptions = {},
): HttpServer {
  const server = createServer({
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    connectionsCheckingInterval: CHECKING_INTERVAL_MS,
    ...discardAfterClose(),
    // Refused by the framework, as everything is.
    requireHostHeader: false,
  });
  server.timeout = standstillMs;
  const most = mostConnections ?? connectionsBeside(reserved);
  // Beyond the bound that makes room, so that whoever comes can be taken in before somebody else goes.
  server.maxConnections = most + 1;
  const connections = createConnections(
    {
      most,
      mostOfAddress: mostOfAddress ?? Math.max(LEAST_OF_ADDRESS, Math.floor(most / SHARE_OF_ADDRESS)),
      isTrustedProxy,
    },
    () => onCut?.('room'),
  );
  server.on('connection', (socket) => connections.admit(socket));
  let bound: string | undefined;

  const port = createClosingPort(server);

  return {
    server,
    onRequest(listener) {
      function answer(request: IncomingMessage, response: ServerResponse): void {
        if (port.isClosed()) response.setHeader('Connection', 'close');
        listener(request, response);
      }
      const take = withoutPipelining(
        connections,
        (request, response) => port.whenAllowed(() => answer(request, response)),
        () => onCut?.('unread'),
      );
      server.on('request', take);
      // An expectation that nobody can meet is refused by the framework, too.
      server.on('checkExpectation', take);
    },
    isResponding: (socket) => connections.of(socket)?.current?.headersSent ?? false,
    listen({ host, port: wanted }) {
      return new Promise((resolve, reject) => {
        function refuse(error: Error): void {
          reject(listenError(error, host, wanted));
        }
        server.once('error', refuse);
        server.listen({ host, port: wanted }, () => {
          server.off('error', refuse);
          // From now on: a connection that could not be accepted, for want of descriptors. The next one may be.
          server.on('error', onError);
          const address = server.address();
          bound = typeof address === 'object' ? address?.address : undefined;
          const boundTo = typeof address === 'object' && address !== null ? address.port : wanted;
          const watch = watchStalledReaders({
            connections: () => connections.all(),
            limitMs: standstillMs,
            port: boundTo,
            onStalled(socket) {
              socket.destroy();
              onCut?.('unread');
            },
          });
          server.once('close', () => watch.close());
          resolve(boundTo);
        });
      });
    },
    boundTo: () => bound,
    async stop(deadlineMs) {
      if (!server.listening) return;
      const closed = new Promise<void>((resolve) => {
        server.once('close', resolve);
      });
      await port.close();
      const cut = new AbortController();
      void endConnections(server, deadlineMs, cut.signal).catch(() => undefined);
      await closed;
      cut.abort();
      // Ends the timer with which `http` looks for slow requests.
      server.close();
    },
  };
}

async function endConnections(server: Server, deadlineMs: number, signal: AbortSignal): Promise<void> {
  await sleep(Math.min(IDLE_MS, deadlineMs), undefined, { signal });
  server.closeIdleConnections();
  await sleep(Math.max(0, deadlineMs - IDLE_MS), undefined, { signal });
  server.closeAllConnections();
}

/** A port that closes without a reset. */
interface ClosingPort {
  /** Calls `answer` at once, or, while the port is being closed, when it is. */
  whenAllowed(answer: () => void): void;
  isClosed(): boolean;
  close(): Promise<void>;
}

/**
 * Stops accepting without a reset. A client who waits in the queue of a port when it closes is reset, and Node takes
 * only one a turn of the event loop out of that queue. So we hold our answers for a moment: clients who have none yet
 * do not come again, the queue runs empty, and then the port closes.
 */
function createClosingPort(server: Server): ClosingPort {
  /** Answers that wait for the port to be closed; `undefined` while they do not have to. */
  let held: (() => void)[] | undefined;
  let isClosed = false;

  async function queueToRunEmpty(): Promise<void> {
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
      (turns < DEFERRED_TURNS || nowMs - startedMs < DEFERRED_MS)
    ) {
      await new Promise(setImmediate);
      turns += 1;
      quietTurns += 1;
      nowMs = performance.now();
    }
  }

  return {
    whenAllowed(answer) {
      if (held) held.push(answer);
      else answer();
    },
    isClosed: () => isClosed,
    async close() {
      held = [];
      await queueToRunEmpty();
      // That of `net`, because that of `http` also ends idle connections; see above.
      NetServer.prototype.close.call(server);
      isClosed = true;
      for (const answer of held) answer();
      held = undefined;
    },
  };
}

function listenError(error: unknown, host: string, port: number): OperatorError {
  switch (errorCode(error)) {
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
        `Expected \`HOST\` and \`PORT\` to be an address to listen on, got ${JSON.stringify(host)} and ${port} (${errorCode(error)}).`,
      );
  }
}
