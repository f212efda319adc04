/**
 * Asks a server to end what a connection is busy with: a message on a connection of its own, which has no response. Hanging
 * up would not do: a server that waits for a lock does not notice.
 */
import { connect, type NetConnectOpts } from 'node:net';
import { member } from '../../unknown.js';

export interface Busy {
  /** Where it leads; its socket no longer says so once it is closed. */
  readonly address: NetConnectOpts | undefined;
  /** The driver's option; `false` where the connection is not by TLS. */
  readonly ssl: unknown;
  /** For the name in the certificate. */
  readonly host: string | undefined;
  /** What the server said at the login. */
  readonly processId: unknown;
  readonly secretKey: unknown;
}

/** Where a connected socket leads. */
export function addressOf(socket: unknown, path?: string): NetConnectOpts | undefined {
  if (path !== undefined) return { path };
  const host = member(socket, 'remoteAddress');
  const port = member(socket, 'remotePort');
  return typeof host === 'string' && typeof port === 'number' ? { host, port } : undefined;
}

const CANCEL = 80_877_102;
const TLS = 80_877_103;
const YES = 'S'.charCodeAt(0);

/** Longer than any connection takes that is of use. */
const REQUEST_MS = 5_000;

/** Sends the request, in the background; one that cannot be sent is none. */
export function cancelStatement({ address, ssl, host, processId, secretKey }: Busy): void {
  if (!address || typeof processId !== 'number' || typeof secretKey !== 'number') return;
  const request = message(CANCEL, processId, secretKey);
  const line = connect(address);
  // Left open until the other side hangs up: a pooler drops a request whose client has gone before it is passed on.
  line.setTimeout(REQUEST_MS, () => line.destroy());
  line.on('error', () => undefined).unref();
  if (!ssl) {
    line.once('connect', () => line.write(request));
    return;
  }
  line.once('connect', () => line.write(message(TLS)));
  line.once('data', (answer) => {
    if (answer[0] !== YES) line.destroy();
    else
      void import('node:tls').then(({ connect: secure }) => {
        const options = typeof ssl === 'object' && ssl !== null ? ssl : { rejectUnauthorized: ssl === true };
        const secured = secure({ ...(host !== undefined && { host }), ...options, socket: line });
        secured.on('error', () => line.destroy()).once('secureConnect', () => secured.write(request));
      });
  });
}

function message(...words: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 + words.length * 4);
  for (const [at, word] of [bytes.length, ...words].entries())
    bytes.writeInt32BE(Math.trunc(word) | 0, at * 4);
  return bytes;
}
