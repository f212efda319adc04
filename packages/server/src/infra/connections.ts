/**
 * Who is connected, and how many at most: of all together what the descriptors allow, of one address a part of that.
 * Beyond it whoever is connected and asks nothing makes room for whoever comes, so strangers who hold connections keep
 * nobody out, not even somebody at their own address.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { clientAddress } from './client-address.js';

/** A connection, and what it is about. */
export interface Connection {
  readonly socket: Socket;
  /** Has brought a whole request at least once. */
  hasRequested: boolean;
  /** How many answers it had. */
  responses: number;
  /** Which of all answers was its last, counted over all connections: the smaller, the longer ago. */
  lastResponse: number;
  /** The answer under way. */
  current: ServerResponse | undefined;
  /** What came before that was read by the client, to be answered in order. */
  readonly waiting: { readonly request: IncomingMessage; readonly response: ServerResponse }[];
  /** Whom it is counted with. */
  readonly groups: readonly ConnectionGroup[];
}

/** Oldest first. */
export interface ConnectionGroup {
  readonly all: Set<Connection>;
  /** Those that have asked nothing yet. */
  readonly idle: Set<Connection>;
}

/** Where the bounds are. */
export interface ConnectionBounds {
  /** Connections at once. */
  readonly most: number;
  /** Of them from one address; of IPv6, one network of 64 bits. */
  readonly mostOfAddress: number;
  /** Addresses that stand for many clients: their connections are bounded by `most` alone, and never make room. */
  readonly isTrustedProxy: (address: string) => boolean;
}

/** All that are open. */
export interface Connections {
  /** Everybody. */
  all(): Iterable<Connection>;
  /** Takes note of a new one, or ends it where there is no room. */
  admit(socket: Socket): void;
  /** `undefined` for one that was never admitted. */
  of(socket: Socket): Connection | undefined;
  /** To be called at the first request of a connection. */
  noteRequest(connection: Connection): void;
}

/** Of so many of the oldest we look who is idle and least used: that must not cost more than a connection. */
const SAMPLE_SIZE = 64;

/** Nobody is connected yet. `onCut` is told of every connection that had to go, for want of room. */
export function createConnections(bounds: ConnectionBounds, onCut: () => void): Connections {
  const { most, mostOfAddress, isTrustedProxy } = bounds;
  const known = new WeakMap<Socket, Connection>();
  /** All but those of proxies: who may have to make room. */
  const everybody = emptyGroup();
  const byAddress = new Map<string, ConnectionGroup>();
  const open = new Set<Connection>();

  function crowdOf(address: string): ConnectionGroup {
    const crowd = byAddress.get(address) ?? emptyGroup();
    byAddress.set(address, crowd);
    return crowd;
  }

  function forgetEmpty(address: string): void {
    if (byAddress.get(address)?.all.size === 0) byAddress.delete(address);
  }

  /** Ends somebody who asks nothing; false when everybody in `crowd` does. */
  function makeRoom({ all, idle: silent }: ConnectionGroup): boolean {
    const [quietest] = silent;
    const goes = quietest ?? leastUsed(all);
    if (!goes) return false;
    leave(goes);
    goes.socket.destroy();
    onCut();
    return true;
  }

  function hasRoom(crowd: ConnectionGroup | undefined): boolean {
    if (crowd && crowd.all.size >= mostOfAddress && !makeRoom(crowd)) return false;
    return open.size < most || makeRoom(everybody);
  }

  function enter(socket: Socket, crowds: readonly ConnectionGroup[]): Connection {
    const connection: Connection = {
      socket,
      hasRequested: false,
      responses: 0,
      lastResponse: 0,
      current: undefined,
      waiting: [],
      groups: crowds,
    };
    known.set(socket, connection);
    open.add(connection);
    for (const { all, idle: silent } of crowds) {
      all.add(connection);
      silent.add(connection);
    }
    return connection;
  }

  function leave(connection: Connection): void {
    if (!known.delete(connection.socket)) return;
    open.delete(connection);
    for (const { all, idle: silent } of connection.groups) {
      all.delete(connection);
      silent.delete(connection);
    }
  }

  return {
    all: () => open,
    admit(socket) {
      const { remoteAddress } = socket;
      const address =
        remoteAddress === undefined || isTrustedProxy(remoteAddress)
          ? undefined
          : clientAddress(remoteAddress);
      const crowd = address === undefined ? undefined : crowdOf(address);
      if (hasRoom(crowd)) {
        const connection = enter(socket, crowd ? [everybody, crowd] : []);
        socket.once('close', () => {
          leave(connection);
          if (address !== undefined) forgetEmpty(address);
        });
      } else {
        socket.destroy();
        onCut();
        if (address !== undefined) forgetEmpty(address);
      }
    },
    of: (socket) => known.get(socket),
    noteRequest(connection) {
      connection.hasRequested = true;
      for (const { idle: silent } of connection.groups) silent.delete(connection);
    },
  };
}

function emptyGroup(): ConnectionGroup {
  return { all: new Set(), idle: new Set() };
}

/** Of the idle the one that has asked least, and of those the one whose answer is longest ago. */
function leastUsed(all: ReadonlySet<Connection>): Connection | undefined {
  let least: Connection | undefined;
  let looks = SAMPLE_SIZE;
  for (const connection of all) {
    if (looks === 0) break;
    looks -= 1;
    if (connection.current !== undefined) continue;
    if (least === undefined || isLessUsed(connection, least)) least = connection;
  }
  return least;
}

function isLessUsed(one: Connection, other: Connection): boolean {
  return one.responses === other.responses
    ? one.lastResponse < other.lastResponse
    : one.responses < other.responses;
}
