/**
 * A program that receives signed messages, as an operator would run one: it keeps what comes and answers as it is told.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A message as it came. */
export interface ReceivedMessage {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly json: Record<string, unknown>;
}

/** A running receiver; it must be closed. */
export interface Receiver {
  /** Without a slash at the end. */
  readonly url: string;
  /** `whsec_…`: what senders are told to sign with. */
  readonly secret: string;
  /** Every attempt, accepted or not. */
  readonly received: ReceivedMessage[];
  /** Those that were accepted. */
  readonly accepted: readonly ReceivedMessage[];
  /** Status of every answer from now on; `undefined`: none is given. */
  answerWith(status: number | undefined): void;
  close(): void;
}

/** Starts one on this machine. */
export async function startReceiver(): Promise<Receiver> {
  let status: number | undefined = 200;
  const received: ReceivedMessage[] = [];
  const accepted: ReceivedMessage[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      const { url: path = '', headers } = request;
      const message = { path, headers, body, json: JSON.parse(body) as Record<string, unknown> };
      received.push(message);
      if (status !== undefined && status < 300) accepted.push(message);
      if (status !== undefined) response.writeHead(status).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    secret: `whsec_${randomBytes(32).toString('base64')}`,
    received,
    accepted,
    answerWith(next) {
      status = next;
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** What kinds of message they are, in order. */
export function typesOf(messages: readonly ReceivedMessage[]): unknown[] {
  return messages.map(({ json }) => json['type']);
}
