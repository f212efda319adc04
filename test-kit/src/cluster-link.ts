/**
 * The way to one member of a cluster that gossips, by datagrams and by connections of the same port, so that it can be cut off
 * from the others.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { startProxy } from './proxy.js';

export interface ClusterLink {
  /** Of 127.0.0.1: what others know it by. */
  readonly port: number;
  /** From now on nothing passes in this direction. */
  cut(): Promise<void>;
  heal(): Promise<void>;
  close(): Promise<void>;
}

/** @param target - port of 127.0.0.1 at which the member listens */
export async function startClusterLink(target: number): Promise<ClusterLink> {
  const proxy = await startProxy({ port: target });
  const { port } = proxy;
  const door = createSocket('udp4');
  /** By who sends: the answer has to find the way back. */
  const ways = new Map<string, Socket>();
  let isCut = false;

  function wayOf(from: RemoteInfo): Socket {
    const name = `${from.address}:${from.port}`;
    const known = ways.get(name);
    if (known) return known;
    const way = createSocket('udp4');
    way.on('message', (bytes) => {
      if (!isCut) door.send(bytes, from.port, from.address);
    });
    // A member that is not there, or no longer.
    way.on('error', () => undefined);
    ways.set(name, way);
    return way;
  }

  door.on('message', (bytes, from) => {
    if (!isCut) wayOf(from).send(bytes, target, '127.0.0.1');
  });
  try {
    door.bind(port, '127.0.0.1');
    await once(door, 'listening');
  } catch (error) {
    await proxy.close();
    throw error;
  }

  return {
    port,
    async cut() {
      isCut = true;
      await proxy.fault('drop');
    },
    async heal() {
      await proxy.heal();
      isCut = false;
    },
    async close() {
      for (const way of ways.values()) way.close();
      door.close();
      await proxy.close();
    },
  };
}
