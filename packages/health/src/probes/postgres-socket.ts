/**
 * The socket below a driver of Postgres: watched, because what comes from it can end the process, and destroyed, because the
 * driver's own goodbye waits for the server.
 */
import { hasMethods, member } from './foreign.js';

/** What a server of Postgres begins with: a word on authentication, an error, the versions of the protocol it has. */
const FIRST_BYTES = new Set(['R', 'E', 'v'].map((letter) => letter.charCodeAt(0)));

/**
 * Keeps from the driver what it cannot bear, by looking at what arrives first. Bytes that are no Postgres, which libpq
 * refuses as well, it takes for the length of a message, and waits for some gigabytes; over TLS it looks for itself.
 * And what it cannot read, such as a request for a kind of login that it does not know, it throws where nobody can
 * catch it, which ends the process.
 */
export function guard(client: unknown): void {
  const connection = member(client, 'connection');
  const stream = member(connection, 'stream');
  if (!isSocket(stream)) return;
  guardSocket(stream, Boolean(member(client, 'ssl')));
  if (!hasEvents(connection)) return;
  connection.on('sslconnect', () => {
    const secure = member(connection, 'stream');
    if (isSocket(secure)) guardSocket(secure, true);
  });
}

/**
 * Ends the connection at the first byte that is no Postgres, unless it is for TLS, and at whatever the driver throws of.
 */
export function guardSocket(socket: Socket, forTls: boolean): void {
  const emit = socket.emit.bind(socket);
  let checked = forTls;
  socket.emit = (event, ...values) => {
    if (event !== 'data') return emit(event, ...values);
    try {
      const firstByte = member(values[0], '0');
      if (!checked && !(typeof firstByte === 'number' && FIRST_BYTES.has(firstByte))) {
        throw new Error('This is not the protocol of Postgres');
      }
      checked = true;
      return emit(event, ...values);
    } catch (error) {
      socket.destroy(error);
      return true;
    }
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

/** The members used of the driver's socket. */
export interface Socket {
  emit(event: string, ...values: readonly unknown[]): boolean;
  destroy(error?: unknown): void;
}

/** True for a socket, as far as it is used. */
export function isSocket(stream: unknown): stream is Socket {
  return hasMethods(stream, ['emit', 'destroy']);
}

function hasEvents(connection: unknown): connection is { on(event: string, listener: () => void): unknown } {
  return hasMethods(connection, ['on']);
}

function hasEnd(client: unknown): client is { end(): Promise<unknown> } {
  return hasMethods(client, ['end']);
}
