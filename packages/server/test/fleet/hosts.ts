/**
 * Instances to poll: small servers on loopback that answer as a test says.
 */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer as createSocketServer, type Socket } from 'node:net';

export interface Host {
  /** `127.0.0.1:port`. */
  readonly target: string;
  readonly origin: string;
  /** Requests so far. */
  readonly requests: () => number;
  readonly connections: () => number;
  close(): Promise<void>;
}

export async function startHost(answer: RequestListener, address = '127.0.0.1'): Promise<Host> {
  let requests = 0;
  let connections = 0;
  const server = createServer((request, response) => {
    requests += 1;
    answer(request, response);
  });
  server.on('connection', () => {
    connections += 1;
  });
  await listen(server, address);
  const { port } = server.address() as AddressInfo;
  const target = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  return {
    target,
    origin: `http://${target}`,
    requests: () => requests,
    connections: () => connections,
    close: () => close(server),
  };
}

/** A host that speaks bytes: `speak` is given each connection. */
export async function startSpeaker(speak: (socket: Socket) => void): Promise<Host> {
  let connections = 0;
  const sockets = new Set<Socket>();
  const server = createSocketServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
    speak(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    target: `127.0.0.1:${port}`,
    origin: `http://127.0.0.1:${port}`,
    requests: () => connections,
    connections: () => connections,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Answers a document of JSON. */
export function answerWith(document: unknown, status = 200): RequestListener {
  return (_request, response) => {
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(document));
  };
}

function listen(server: Server, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(0, address, resolve);
  });
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
