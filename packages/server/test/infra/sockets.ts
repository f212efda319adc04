/**
 * Clients that send bytes as they please, and read the answers or do not.
 */
import { connect, type Socket } from 'node:net';
import { waitFor } from 'portal-test-kit';

/** One of them. */
export interface RawClient {
  readonly socket: Socket;
  /** All that has come so far. */
  readonly received: () => string;
  /** Whether the other side has ended the connection. */
  readonly isOver: () => boolean;
  /** Waits until it has. */
  readonly over: (timeoutMs?: number) => Promise<void>;
  readonly close: () => void;
}

/** Connects to `port`; `from` is the address of this machine to come from. Reads unless `isReading` is false. */
export async function connectRaw(
  port: number,
  { from, isReading = true }: { readonly from?: string; readonly isReading?: boolean } = {},
): Promise<RawClient> {
  const socket = connect({ host: '127.0.0.1', port, ...(from === undefined ? {} : { localAddress: from }) });
  let text = '';
  let isOver = false;
  if (isReading) socket.setEncoding('latin1').on('data', (piece: string) => (text += piece));
  socket.on('error', () => undefined).on('close', () => (isOver = true));
  await new Promise((resolve) => {
    socket.once('connect', resolve).once('close', resolve);
  });
  return {
    socket,
    received: () => text,
    isOver: () => isOver,
    over: (timeoutMs = 10_000) => waitFor('the end of a connection', () => isOver, { timeoutMs }),
    close: () => socket.destroy(),
  };
}

/** A request of HTTP/1.1 as it goes over the wire. */
export function wire(path: string, fields: readonly string[] = [], method = 'GET'): string {
  return [`${method} ${path} HTTP/1.1`, 'Host: 127.0.0.1', ...fields, '', ''].join('\r\n');
}
