/**
 * How each driver of Redis makes a connection for the probe: a duplicate of the application's client, told to connect
 * once, to say nothing but what the login needs, and never to try again. Recognised by shape, so that no driver is
 * imported and every version fits that looks the same.
 */
import { hasMethods, member } from './foreign.js';

/** A client of ioredis (`Redis`, `Cluster`) or of node-redis (`createClient`, `createCluster`), 4 and later. */
export interface RedisClient {
  duplicate(...overrides: never[]): unknown;
}

/** A connection of the probe's own to one server, good for one question. */
export interface Newcomer {
  /** Connects, logs in and asks for `INFO`; rejects with what the driver reports. */
  ask(): Promise<RedisAnswer>;
  /** Closes the socket at once, however far the connection has come. */
  destroy(): void;
}

/** The answer as it came, and the round trip of the question alone in milliseconds. */
export interface RedisAnswer {
  readonly info: unknown;
  readonly latencyMs: number;
}

/** Makes a connection to each server there is to ask: one, or every master of a cluster; none when none is known. */
export type Newcomers = (signal: AbortSignal) => readonly Newcomer[];

/** The members used of a client of ioredis. */
interface Ioredis {
  readonly options: object;
  duplicate(overrides: object): Ioredis;
  connect(): Promise<unknown>;
  info(): Promise<unknown>;
  disconnect(): void;
  on(event: 'error', listener: (error: unknown) => void): unknown;
}

interface IoredisCluster {
  nodes(role: 'master'): readonly Ioredis[];
}

/** The members used of a client of node-redis. */
interface NodeRedis {
  readonly options: object | undefined;
  duplicate(overrides: object): NodeRedis;
  connect(): Promise<unknown>;
  sendCommand(command: readonly string[]): Promise<unknown>;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  /** Since version 5. */
  destroy?(): unknown;
  /** Until version 4. */
  disconnect(): Promise<unknown>;
}

interface NodeRedisCluster {
  readonly masters: readonly NodeRedisMaster[];
}

interface NodeRedisMaster {
  readonly host: string;
  readonly port: number;
  /** Missing while the cluster's client has had no reason to connect to it. */
  readonly client?: NodeRedis | Promise<NodeRedis>;
}

/**
 * How to make connections like those of `client`.
 *
 * @throws TypeError when it is no client of a driver that we know
 */
export function newcomersOf(client: unknown): Newcomers {
  if (isIoredisCluster(client)) return () => client.nodes('master').map((node) => ioredisNewcomer(node));
  if (isIoredis(client)) return () => [ioredisNewcomer(client)];
  if (isNodeRedisCluster(client)) {
    return (signal) => client.masters.map((master) => nodeRedisMasterNewcomer(client, master, signal));
  }
  if (isNodeRedis(client)) return (signal) => [nodeRedisNewcomer(client, {}, signal)];
  throw new TypeError(
    'Expected the `cache.client` option to be a client of ioredis (Redis, Cluster) or of node-redis ' +
      `(createClient, createCluster), got ${client === null ? 'null' : typeof client}.`,
  );
}

function isIoredisCluster(client: unknown): client is IoredisCluster {
  return member(client, 'isCluster') === true && hasMethods(client, ['nodes']);
}

function isIoredis(client: unknown): client is Ioredis {
  return (
    typeof member(client, 'status') === 'string' &&
    typeof member(client, 'options') === 'object' &&
    hasMethods(client, ['duplicate', 'connect', 'info', 'disconnect', 'on'])
  );
}

function isNodeRedisCluster(client: unknown): client is NodeRedisCluster {
  return Array.isArray(member(client, 'masters')) && hasMethods(client, ['nodeClient']);
}

/** The sentinel client of node-redis looks nearly the same but has no `options`. */
function isNodeRedis(client: unknown): client is NodeRedis {
  return (
    typeof client === 'object' &&
    client !== null &&
    'options' in client &&
    typeof member(client, 'isOpen') === 'boolean' &&
    hasMethods(client, ['duplicate', 'connect', 'sendCommand', 'disconnect', 'on'])
  );
}

function ioredisNewcomer(original: Ioredis): Newcomer {
  const client = original.duplicate({
    lazyConnect: true,
    retryStrategy: null,
    sentinelRetryStrategy: null,
    failoverDetector: false,
    updateSentinels: false,
    reconnectOnError: null,
    enableReadyCheck: false,
    enableAutoPipelining: false,
    commandTimeout: undefined,
    disconnectTimeout: 1,
    disableClientInfo: true,
    connectionName: null,
    readOnly: false,
    monitor: false,
    db: 0,
    replyMapping: 'legacy',
    // Without a password RESP2 needs no word before the question.
    ...(member(original.options, 'password') ? {} : { protocol: 2 }),
  });
  return newcomer(
    client,
    () => client.info(),
    () => {
      client.disconnect();
      // The driver's way out waits for the server to close its end.
      const stream = member(client, 'stream');
      if (hasDestroy(stream)) stream.destroy();
    },
  );
}

function nodeRedisNewcomer(original: NodeRedis, address: object, signal: AbortSignal): Newcomer {
  const { options } = original;
  const hasCredentials = ['username', 'password', 'credentialsProvider'].some((name) =>
    member(options, name),
  );
  const client = original.duplicate({
    // Already read into the other options; read again, it would bring back what is overridden here.
    url: undefined,
    socket: {
      ...socketOptionsOf(options),
      ...address,
      reconnectStrategy: false,
      // The driver can destroy a socket that is connected, but not one that is connecting. Node can.
      signal,
    },
    database: 0,
    name: undefined,
    readonly: false,
    pingInterval: 0,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    clientSideCache: undefined,
    emitInvalidate: false,
    commandOptions: undefined,
    legacyMode: false,
    isolationPoolOptions: undefined,
    // Without credentials RESP2 needs no word before the question.
    ...(hasCredentials ? {} : { RESP: 2 }),
  });
  return newcomer(
    client,
    () => client.sendCommand(['INFO']),
    () => {
      if (hasDestroy(client)) client.destroy();
      else client.disconnect().catch(() => undefined);
    },
  );
}

/** One master: the cluster's own connection to it lends the options or, while there is none, that to another. */
function nodeRedisMasterNewcomer(
  cluster: NodeRedisCluster,
  { client, host, port }: NodeRedisMaster,
  signal: AbortSignal,
): Newcomer {
  let own: Newcomer | undefined;
  return {
    async ask() {
      const original = await (client ?? cluster.masters.find((other) => other.client !== undefined)?.client);
      signal.throwIfAborted();
      if (!original) throw new Error('Connection is closed: no master of the cluster is connected');
      own = nodeRedisNewcomer(original, client ? {} : { host, port }, signal);
      return own.ask();
    },
    destroy: () => own?.destroy(),
  };
}

function newcomer(
  client: Pick<Ioredis, 'connect' | 'on'>,
  info: () => Promise<unknown>,
  close: () => void,
): Newcomer {
  // What went wrong is told as an event; the promises say only afterwards that the connection is closed, or nothing.
  const failed = new Promise<never>((_resolve, reject) => {
    client.on('error', reject);
  });
  failed.catch(() => undefined);

  async function connectAndAsk(): Promise<RedisAnswer> {
    await client.connect();
    const askedMs = performance.now();
    return { info: await info(), latencyMs: performance.now() - askedMs };
  }

  return {
    ask: () => Promise.race([failed, connectAndAsk()]),
    destroy() {
      try {
        close();
      } catch {
        // It had not been opened, or is closed already.
      }
    },
  };
}

function socketOptionsOf(options: object | undefined): object {
  const socket = member(options, 'socket');
  return typeof socket === 'object' && socket !== null ? socket : {};
}

function hasDestroy(value: unknown): value is { destroy(): void } {
  return typeof member(value, 'destroy') === 'function';
}
