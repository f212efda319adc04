/**
 * The endpoints on a port of their own, bounded as whatever strangers can reach: it may be the only one of a worker, and
 * answers before the application has got anywhere.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { optionError } from 'portal-shared/check-options';
import type { Health } from './health-type.js';
import { checkListenOptions, type HealthServer, type ListenOptions } from './http/endpoint-options.js';
import { createEndpoints } from './http/endpoints.js';
import { handlerOf } from './http/node-handler.js';

/** All the ports of one health. */
export interface HealthServers {
  open(health: Health, options: ListenOptions): Promise<HealthServer>;
  close(): Promise<void>;
}

/** A prober, a scraper and a person have a connection or two each. */
const MOST_CONNECTIONS = 256;
/** No request here has a body worth waiting for. */
const REQUEST_TIMEOUT_MS = 10_000;
/** While an answer is under way nothing moved for so long: nobody reads it. */
const STALLED_MS = 30_000;
/** Longer than a minute, the longest interval at which machines commonly ask: so they find their connection open. */
const KEEP_ALIVE_TIMEOUT_MS = 72_000;
const LARGEST_HEADER_BYTES = 8_192;
const CHECKING_INTERVAL_MS = 500;
/** An answer that still waits for a viewer. */
const CLOSING_MS = 500;

export function createHealthServers(): HealthServers {
  const open = new Set<HealthServer>();
  let closed = false;
  return {
    async open(health, options) {
      checkListenOptions(options);
      const server = await openServer(health, options);
      open.add(server);
      if (closed) await server.close();
      return {
        ...server,
        close() {
          open.delete(server);
          return server.close();
        },
      };
    },
    async close() {
      closed = true;
      await Promise.all([...open].map((server) => server.close()));
    },
  };
}

async function openServer(health: Health, { port, host, ...options }: ListenOptions): Promise<HealthServer> {
  const handler = handlerOf(createEndpoints(health, options));
  // An application without HTTP has not loaded it, and may never listen.
  const { createServer } = await import('node:http');
  const server = createServer({
    headersTimeout: REQUEST_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    connectionsCheckingInterval: CHECKING_INTERVAL_MS,
    maxHeaderSize: LARGEST_HEADER_BYTES,
  });
  server.timeout = STALLED_MS;
  const noteRequest = makeRoom(server);
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    noteRequest(request.socket);
    if (!handler(request, response)) notFound(request, response);
  });
  await listening(server, port, host);
  // One that could not be accepted, for want of descriptors. The next one may be.
  server.on('error', () => undefined);
  server.unref();
  const bound = server.address() as AddressInfo;
  return {
    address: bound.address,
    port: bound.port,
    url: `http://${urlHost(bound)}:${bound.port}`,
    close: () => close(server),
  };
}

function listening(server: Server, port: number, host: string | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (error: NodeJS.ErrnoException): void => reject(listenError(error, port, host));
    server.once('error', refuse);
    server.listen({ port, ...(host !== undefined && { host }) }, () => {
      server.off('error', refuse);
      resolve();
    });
  });
}

function listenError(error: NodeJS.ErrnoException, port: number, host: string | undefined): Error {
  const { code = 'UNKNOWN' } = error;
  const at = host === undefined ? '' : ` at ${host}`;
  const told =
    code === 'EADDRINUSE'
      ? optionError('port', `to be a port that nobody listens on${at}`, port)
      : code === 'EACCES'
        ? optionError('port', 'to be a port that this user may listen on', port)
        : ['EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN', 'EINVAL'].includes(code)
          ? optionError('host', 'to be a name or an address of this machine', host)
          : new Error(`Cannot listen on port ${port}${at} (${code}).`);
  return Object.assign(told, { code });
}

/**
 * Keeps the connections to a number: when one more comes, the oldest that has asked nothing makes room, otherwise the one
 * that has asked longest ago. None keeps the process alive.
 *
 * @returns to be told of each request
 */
function makeRoom(server: Server): (socket: Socket) => void {
  const silent = new Set<Socket>();
  const known = new Set<Socket>();
  server.maxConnections = MOST_CONNECTIONS + 1;
  server.on('connection', (socket: Socket) => {
    socket.unref();
    const [longest] = silent.size > 0 ? silent : known;
    if (silent.size + known.size >= MOST_CONNECTIONS) longest?.destroy();
    silent.add(socket);
    socket.once('close', () => {
      silent.delete(socket);
      known.delete(socket);
    });
  });
  return (socket) => {
    silent.delete(socket);
    known.delete(socket);
    known.add(socket);
  };
}

/** Whoever asks for something else has nothing to wait for here. */
function notFound({ socket }: IncomingMessage, response: ServerResponse): void {
  // Asked before the last answer was read.
  if (response.socket === null) {
    socket.destroy();
    return;
  }
  const correlationId = crypto.randomUUID();
  const body = JSON.stringify({ error: 'Not found', correlation_id: correlationId });
  response
    .writeHead(404, {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(body),
      'Cache-Control': 'no-store',
      'X-Correlation-Id': correlationId,
      Connection: 'close',
    })
    .end(body);
}

/** What another program of this machine can open. */
function urlHost({ address, family }: AddressInfo): string {
  if (address === '::' || address === '0.0.0.0') return '127.0.0.1';
  return family === 'IPv6' ? `[${address}]` : address;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), CLOSING_MS);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}
