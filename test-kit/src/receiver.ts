/**
 * A program that receives signed messages, as an operator would run one: it keeps what arrives, and responds with the status that the test sets.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { waitFor } from './wait.js';

export interface ReceivedMessage {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly json: Record<string, unknown>;
  /** When all of it was here, in milliseconds since 1970. */
  readonly atMs: number;
}

type Status = number | undefined;

/** A running receiver; it must be closed. */
export interface TestReceiver {
  /** Without a slash at the end. */
  readonly url: string;
  /** `whsec_…`: the secret that senders sign with. */
  readonly secret: string;
  /** Every attempt, accepted or not. */
  readonly received: ReceivedMessage[];
  /** Those that were accepted. */
  readonly accepted: readonly ReceivedMessage[];
  /** Settings of a service that sends its alerts here, one address a kind; each holds `T0P-S3CRET`. */
  alertSettings(...kinds: readonly string[]): Record<string, string>;
  /** Status of every answer from now on, or of each attempt, counted from 1; `undefined`: none is given. */
  respondWith(status: Status | ((attempt: number) => Status)): void;
  /** Until this many were accepted. */
  arrived(count: number): Promise<void>;
  close(): void;
}

/** Starts one on this machine. */
export async function startReceiver(): Promise<TestReceiver> {
  let statusOf: (attempt: number) => Status = () => 200;
  const received: ReceivedMessage[] = [];
  const accepted: ReceivedMessage[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      const { url: path = '', headers } = request;
      const json = JSON.parse(body) as Record<string, unknown>;
      const message = { path, headers, body, json, atMs: Date.now() };
      received.push(message);
      const status = statusOf(received.length);
      if (status !== undefined && status < 300) accepted.push(message);
      if (status !== undefined) response.writeHead(status).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  return {
    url,
    secret,
    received,
    accepted,
    alertSettings: (...kinds) => ({
      PORTAL_ALERT_WEBHOOKS: kinds.map((kind) => `${kind}+${url}/${kind}/T0P-S3CRET?a=1,2`).join(','),
      PORTAL_ALERT_WEBHOOK_SECRET: secret,
    }),
    respondWith(next) {
      statusOf = typeof next === 'function' ? next : () => next;
    },
    arrived: (count) => waitFor(`${count} messages`, () => accepted.length >= count),
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

/** What a message says, but for its kind. */
export function messageData(message: ReceivedMessage | undefined): Record<string, unknown> {
  return (message?.json['data'] ?? {}) as Record<string, unknown>;
}
