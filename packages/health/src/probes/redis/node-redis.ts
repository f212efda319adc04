/**
 * Connections for the probe by node-redis, 4 and later: a duplicate of the application's client, set to connect once,
 * to say nothing but what the login needs, and never to try again. Recognised by shape, so that the driver is not
 * imported.
 */
import { hasMethods, member } from '../../unknown.js';
import type { ConnectionWatch } from '../connection-watch.js';
import type { OpenCall } from '../own-problems.js';
import { limitAnswers } from '../probe-socket.js';
import {
  hasDestroy,
  createFreshRedisConnection,
  type FreshRedisConnection,
  type OpenRedisConnections,
} from './fresh-redis-connection.js';

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
export function nodeRedisConnections(
  client: unknown,
  passwords: OpenCall,
  watch: ConnectionWatch,
): OpenRedisConnections | undefined {
  if (isCluster(client)) {
    return (signal) =>
      client.masters.map((master) => freshConnectionLikeMaster(client, master, { signal, passwords, watch }));
  }
  if (isClient(client)) return (signal) => [freshConnectionLike(client, {}, { signal, passwords, watch })];
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

const CONNECTING = 'net.client.socket';

interface Circumstances {
  readonly signal: AbortSignal;
  readonly passwords: OpenCall;
  readonly watch: ConnectionWatch;
}

function freshConnectionLike(
  original: NodeRedis,
  address: object,
  { signal, passwords, watch }: Circumstances,
): FreshRedisConnection {
  const { options } = original;
  const socket = socketOptionsOf(options);
  const life = new AbortController();
  const end = (): void => life.abort();
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  const names = createNameWatch(member(socket, 'lookup'), watch);
  const hasCredentials = ['username', 'password', 'credentialsProvider'].some((name) =>
    member(options, name),
  );
  const client = original.duplicate({
    // Already read into the other options; read again, it would bring back what is overridden here.
    url: undefined,
    socket: {
      ...socket,
      ...address,
      lookup: names.lookup,
      ...certificateWatch(member(socket, 'checkServerIdentity'), watch),
      reconnectStrategy: false,
      // What is about waiting is the sampler's.
      connectTimeout: 0,
      socketTimeout: undefined,
      // The driver can destroy a socket that is connected, but not one that is connecting. Node can.
      signal: life.signal,
    },
    ...cachedCredentials(member(options, 'credentialsProvider'), passwords),
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
  async function connect(): Promise<unknown> {
    const stop = whenOpened(life.signal, limitAnswers);
    try {
      return await client.connect();
    } finally {
      stop();
    }
  }

  return createFreshRedisConnection(
    { connect, on: (event, listener) => client.on(event, listener) },
    {
      send: (command) => client.sendCommand(command),
      isLookingUp: names.isLookingUp,
      stay: () => signal.removeEventListener('abort', end),
      close() {
        if (hasDestroy(client)) client.destroy();
        else client.disconnect().catch(() => undefined);
      },
    },
  );
}

/**
 * Calls `opened` with the socket that is made for `signal`: the driver keeps it to itself, and Node tells of each but of those
 * for TLS. The returned function ends that.
 */
function whenOpened(signal: AbortSignal, opened: (socket: unknown) => void): () => void {
  const channel = process.getBuiltinModule('node:diagnostics_channel');
  const events = process.getBuiltinModule('node:events');
  const listener = (message: unknown): void => {
    // A socket listens to its signal from its beginning, and nobody else listens to this one.
    if (events.getEventListeners(signal, 'abort').length === 0) return;
    stop();
    opened(member(message, 'socket'));
  };
  function stop(): void {
    channel.unsubscribe(CONNECTING, listener);
  }
  channel.subscribe(CONNECTING, listener);
  return stop;
}

/** One master: the cluster's own connection to it lends the options or, while there is none, that to another. */
function freshConnectionLikeMaster(
  cluster: NodeRedisCluster,
  { client, host, port }: NodeRedisMaster,
  circumstances: Circumstances,
): FreshRedisConnection {
  let own: FreshRedisConnection | undefined;
  return {
    async query(pingOnly) {
      const original = await (client ?? cluster.masters.find((other) => other.client !== undefined)?.client);
      circumstances.signal.throwIfAborted();
      if (!original) throw new Error('Connection is closed: no master of the cluster is connected');
      own = freshConnectionLike(original, client ? {} : { host, port }, circumstances);
      return own.query(pingOnly);
    },
    stay: () => own?.stay(),
    slowCommands: () => own?.slowCommands() ?? Promise.resolve([]),
    wasCutOff: () => own?.wasCutOff() ?? false,
    isLookingUp: () => own?.isLookingUp() ?? false,
    destroy: () => own?.destroy(),
  };
}

function socketOptionsOf(options: object | undefined): object {
  const socket = member(options, 'socket');
  return typeof socket === 'object' && socket !== null ? socket : {};
}

type LookUp = (name: string, options: object, done: (...results: unknown[]) => void) => void;

/** The driver's socket is out of our reach, but not how it looks up a name. */
function createNameWatch(
  given: unknown,
  watch: ConnectionWatch,
): { readonly lookup: LookUp; readonly isLookingUp: () => boolean } {
  const asked = typeof given === 'function' ? given : process.getBuiltinModule('node:dns').lookup;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const original = asked as LookUp;
  let open = 0;
  return {
    lookup(name, options, done) {
      open += 1;
      const beganMs = performance.now();
      original(name, options, (...results) => {
        open -= 1;
        watch.lookedUp(performance.now() - beganMs);
        done(...results);
      });
    },
    isLookingUp: () => open > 0,
  };
}

type CheckIdentity = (host: string, certificate: object) => Error | undefined;

/** Nor how it looks at a certificate. */
function certificateWatch(
  given: unknown,
  watch: ConnectionWatch,
): { readonly checkServerIdentity: CheckIdentity } {
  return {
    checkServerIdentity(host, certificate) {
      watch.certificate(certificate);
      const check =
        typeof given === 'function' ? given : process.getBuiltinModule('node:tls').checkServerIdentity;
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      return (check as CheckIdentity)(host, certificate);
    },
  };
}

/** Passwords that the application's own function gives, once or, to a subscriber, again and again. */
function cachedCredentials(provider: unknown, passwords: OpenCall): object {
  const held = (ask: () => unknown): object => ({
    credentialsProvider: {
      type: 'async-credentials-provider',
      credentials: () =>
        passwords.call(async () => {
          const given = await ask();
          if (typeof given !== 'object' || given === null) throw new Error('No credentials were given');
          return given;
        }),
    },
  });
  if (hasMethods(provider, ['credentials'])) {
    return held(() => (provider as { credentials(): unknown }).credentials());
  }
  if (!hasMethods(provider, ['subscribe'])) return {};
  return held(async () => {
    const streaming = provider as { subscribe(listener: object): Promise<readonly unknown[]> };
    const [credentials, subscription] = await streaming.subscribe({
      onNext: () => undefined,
      onError: () => undefined,
    });
    if (hasMethods(subscription, ['dispose'])) (subscription as { dispose(): void }).dispose();
    return credentials;
  });
}
