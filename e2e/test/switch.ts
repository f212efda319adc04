/** What a Service of Kubernetes is to us: each new connection goes to one of those that are ready, in turns. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface Switch {
  readonly port: number;
  close(): Promise<void>;
}

/** Starts one; `ready` names the ports that may be given a connection now. */
export async function startSwitch(ready: () => readonly number[]): Promise<Switch> {
  const open = new Set<Socket>();
  let turn = 0;
  const server = createServer((client) => {
    turn += 1;
    const ports = ready();
    const port = ports[turn % ports.length];
    if (port === undefined) {
      client.destroy();
      return;
    }
    const pod = connect(port, '127.0.0.1');
    for (const [socket, other] of [
      [client, pod],
      [pod, client],
    ] as const) {
      open.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        open.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}
