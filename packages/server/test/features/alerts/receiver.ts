/**
 * A program that gets messages: it accepts, refuses or hangs, as the test wants it.
 */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A message, as it came. */
export interface ReceivedMessage {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly json: Record<string, unknown>;
}

/** One who gets messages. */
export interface Receiver {
  /** Without a slash at the end. */
  readonly url: string;
  /** Every attempt, accepted or not. */
  readonly received: readonly ReceivedMessage[];
  /** Those that were accepted. */
  readonly accepted: readonly ReceivedMessage[];
  /** What is answered from now on. */
  answer(status: number): void;
  close(): void;
}

/** Starts one that accepts everything. */
export async function startReceiver(): Promise<Receiver> {
  const received: ReceivedMessage[] = [];
  const accepted: ReceivedMessage[] = [];
  let status = 204;
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      const { url: path = '', headers } = request;
      const message = { path, headers, body, json: JSON.parse(body) as Record<string, unknown> };
      received.push(message);
      if (status < 300) accepted.push(message);
      response.writeHead(status).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    accepted,
    answer(next) {
      status = next;
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
