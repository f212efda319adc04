/**
 * Connections for the probe by node-redis, 4 and later: a duplicate of the application's client, told to connect once,
 * to say nothing but what the login needs, and never to try again. Recognised by shape, so that the driver is not
 * imported.
 */
import { hasMethods, member } from './foreign.js';
import { hasDestroy, newcomer, type Newcomer, type Newcomers } from './redis-newcomer.js';

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

/** Connections like those of `client`, of `createClient` or `createCluster`; `undefined` when it is neither. */
export function nodeRedisNewcomers(client: unknown): Newcomers | undefined {
  if (isCluster(client)) {
    return (signal) => client.masters.map((master) => newcomerLikeMaster(client, master, signal));
  }
  if (isClient(client)) return (signal) => [newcomerLike(client, {}, signal)];
  return undefined;
}

function isCluster(client: unknown): client is NodeRedisCluster {
  return Array.isArray(member(client, 'masters')) && hasMethods(client, ['nodeClient']);
}

/** The sentinel client of node-redis looks nearly the same but has no `options`. */
function isClient(client: unknown): client is NodeRedis {
  return (
    typeof client === 'object' &&
    client !== null &&
    'options' in client &&
    typeof member(client, 'isOpen') === 'boolean' &&
    hasMethods(client, ['duplicate', 'connect', 'sendCommand', 'disconnect', 'on'])
  );
}

function newcomerLike(original: NodeRedis, address: object, signal: AbortSignal): Newcomer {
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
    (command) => client.sendCommand(command),
    () => {
      if (hasDestroy(client)) client.destroy();
      else client.disconnect().catch(() => undefined);
    },
  );
}

/** One master: the cluster's own connection to it lends the options or, while there is none, that to another. */
function newcomerLikeMaster(
  cluster: NodeRedisCluster,
  { client, host, port }: NodeRedisMaster,
  signal: AbortSignal,
): Newcomer {
  let own: Newcomer | undefined;
  return {
    async ask(pingOnly) {
      const original = await (client ?? cluster.masters.find((other) => other.client !== undefined)?.client);
      signal.throwIfAborted();
      if (!original) throw new Error('Connection is closed: no master of the cluster is connected');
      own = newcomerLike(original, client ? {} : { host, port }, signal);
      return own.ask(pingOnly);
    },
    wasCutOff: () => own?.wasCutOff() ?? false,
    destroy: () => own?.destroy(),
  };
}

function socketOptionsOf(options: object | undefined): object {
  const socket = member(options, 'socket');
  return typeof socket === 'object' && socket !== null ? socket : {};
}
