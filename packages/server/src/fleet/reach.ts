/**
 * Asks whether an address accepts a connection that must: if it does not either, the watcher is cut off.
 */
import { connect } from 'node:net';

export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

const TIMEOUT_MS = 3_000;

export function accepts({ host, port }: HostAndPort): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: TIMEOUT_MS });
    const end = (isAccepted: boolean) => () => {
      socket.destroy();
      resolve(isAccepted);
    };
    socket.once('connect', end(true)).once('timeout', end(false)).once('error', end(false));
  });
}
