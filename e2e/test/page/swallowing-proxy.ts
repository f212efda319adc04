/**
 * Something on the way that waits for an answer to be whole before it hands it on, as many a proxy does: so a stream
 * never arrives, and everything else does.
 */
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SwallowingProxy {
  /** Without a slash at the end. */
  readonly url: string;
  close(): void;
}

/** Starts it in front of `url`; it must be closed. */
export async function startSwallowingProxy(url: string): Promise<SwallowingProxy> {
  const { hostname, port } = new URL(url);
  const server = createServer((incoming, outgoing) => {
    const { method, headers, url: path } = incoming;
    const asked = request({ hostname, port, method, path, headers, agent: false }, (answer) => {
      const pieces: Buffer[] = [];
      answer.on('data', (piece: Buffer) => pieces.push(piece));
      answer.on('end', () => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers).end(Buffer.concat(pieces));
      });
    });
    asked.on('error', () => outgoing.destroy());
    outgoing.on('close', () => asked.destroy());
    incoming.pipe(asked);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
