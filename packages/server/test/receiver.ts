/**
 * A program that receives signed messages, as an operator would run one: it keeps what comes and answers as it is told.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A message as it came. */
export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A running receiver; it must be closed. */
export interface Receiver {
  readonly url: string;
  /** `whsec_…`: what senders are told to sign with. */
  readonly secret: string;
  readonly received: Received[];
  /** Status of every answer from now on; `undefined`: none is given. */
  answerWith(status: number | undefined): void;
  close(): void;
}

/** Starts one on this machine. */
export async function startReceiver(): Promise<Receiver> {
  let status: number | undefined = 200;
  const received: Received[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      received.push({ headers: request.headers, body });
      if (status !== undefined) response.writeHead(status).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/codes`,
    secret: `whsec_${randomBytes(32).toString('base64')}`,
    received,
    answerWith(next) {
      status = next;
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
