/**
 * The socket below a driver of Postgres: watched, because what comes from it can end the process, and destroyed, because the
 * driver's own goodbye waits for the server.
 */
import { hasMethods, member } from '../../unknown.js';
import { isSocket, watchData, type Socket } from '../probe-socket.js';

/** What a server of Postgres begins with: a word on authentication, an error, the versions of the protocol it has. */
const FIRST_BYTES = new Set(['R', 'E', 'v'].map((letter) => letter.charCodeAt(0)));
/** Each message is a letter, its length in four bytes, which count themselves, and the rest. */
const HEADER_BYTES = 5;
const LENGTH_BYTES = 4;
/** Nothing that a server says to a probe comes near. */
const LONGEST_MESSAGE_BYTES = 1024 ** 2;

/**
 * Keeps from the driver what it cannot bear, by looking at what arrives. Bytes that are no Postgres, which libpq refuses
 * as well, it takes for the length of a message, and waits for some gigabytes; whether TLS begins it looks at itself.
 * And what it cannot read, such as a request for a kind of login that it does not know, it throws where nobody can
 * catch it, which ends the process.
 */
export function guardClient(client: unknown): void {
  const connection = member(client, 'connection');
  const stream = member(connection, 'stream');
  if (!isSocket(stream)) return;
  guardSocket(stream, Boolean(member(client, 'ssl')));
  if (!hasEvents(connection)) return;
  connection.on('sslconnect', () => {
    const secure = member(connection, 'stream');
    if (isSocket(secure)) guardSocket(secure, false);
  });
}

/**
 * Ends the connection at the first message that is no Postgres, unless it is for TLS, and at whatever the driver throws
 * of.
 */
export function guardSocket(socket: Socket, forTls: boolean): void {
  const isPostgres = forTls ? () => true : createMessageCheck();
  watchData(socket, (bytes) => {
    if (!isPostgres(bytes)) throw new Error('This is not the protocol of Postgres');
  });
}

/** Follows what a server says from message to message, over however many pieces; false once it cannot be Postgres. */
export function createMessageCheck(): (bytes: Uint8Array) => boolean {
  const header = new DataView(new ArrayBuffer(HEADER_BYTES));
  let headerBytes = 0;
  let restBytes = 0;
  let isFirst = true;

  return (bytes) => {
    for (let at = 0; at < bytes.length;) {
      if (restBytes > 0) {
        const taken = Math.min(restBytes, bytes.length - at);
        restBytes -= taken;
        at += taken;
        continue;
      }
      header.setUint8(headerBytes, bytes[at] ?? 0);
      headerBytes += 1;
      at += 1;
      if (isFirst && !FIRST_BYTES.has(header.getUint8(0))) return false;
      if (headerBytes < HEADER_BYTES) continue;
      const length = header.getUint32(1);
      if (length < LENGTH_BYTES || length > LONGEST_MESSAGE_BYTES) return false;
      restBytes = length - LENGTH_BYTES;
      headerBytes = 0;
      isFirst = false;
    }
    return true;
  };
}

/** Closes the socket at once, however far the connection has come. The driver's own goodbye waits for the server. */
export function destroy(client: unknown): void {
  const stream = member(member(client, 'connection'), 'stream');
  try {
    if (isSocket(stream)) stream.destroy();
    // A client over libpq has no socket to be seen, and its own end.
    else if (hasEnd(client)) void client.end().catch(() => undefined);
  } catch {
    // Already gone.
  }
}

function hasEvents(connection: unknown): connection is { on(event: string, listener: () => void): unknown } {
  return hasMethods(connection, ['on']);
}

function hasEnd(client: unknown): client is { end(): Promise<unknown> } {
  return hasMethods(client, ['end']);
}
