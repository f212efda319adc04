/**
 * Connections for the probe by ioredis, 4 and later: a duplicate of the application's client, set to connect once, to
 * say nothing but what the login needs, and never to try again. Recognised by shape, so that the driver is not imported.
 */
import { hasMethods, member, messageOf } from '../../unknown.js';
import type { ConnectionWatch } from '../connection-watch.js';
import { isLookingUp } from '../own-problems.js';
import { limitAnswers } from '../probe-socket.js';
import { PATIENCE } from '../../run-clock.js';
import {
  hasDestroy,
  createFreshRedisConnection,
  type FreshRedisConnection,
  type OpenRedisConnections,
} from './fresh-redis-connection.js';

/** The members used of a client of ioredis. */
interface Ioredis {
  readonly options: object;
  duplicate(overrides: object): Ioredis;
  connect(): Promise<unknown>;
  auth(...words: readonly unknown[]): Promise<unknown>;
  info(): Promise<unknown>;
  ping(): Promise<unknown>;
  cluster(subcommand: 'INFO'): Promise<unknown>;
  slowlog(subcommand: 'GET', count: number): Promise<unknown>;
  disconnect(): void;
  on(event: 'error', listener: (error: unknown) => void): unknown;
}

interface IoredisCluster {
  nodes(role: 'master'): readonly Ioredis[];
}

/** Connections like those of `client`, a `Redis` or a `Cluster`; `undefined` when it is neither. */
export function ioredisConnections(
  client: unknown,
  deadlineMs: number,
  watch: ConnectionWatch,
): OpenRedisConnections | undefined {
  if (isCluster(client)) {
    return () => client.nodes('master').map((node) => freshConnectionLike(node, deadlineMs, watch));
  }
  if (isClient(client)) return () => [freshConnectionLike(client, deadlineMs, watch)];
  return undefined;
}

function isCluster(client: unknown): client is IoredisCluster {
  return member(client, 'isCluster') === true && hasMethods(client, ['nodes']);
}

function isClient(client: unknown): client is Ioredis {
  return (
    typeof member(client, 'status') === 'string' &&
    typeof member(client, 'options') === 'object' &&
    hasMethods(client, ['duplicate', 'connect', 'info', 'disconnect', 'on'])
  );
}

/** A password that the server does not want is none that it refuses. */
const NOT_NEEDED = /without any password configured|no password is set/i;

function freshConnectionLike(
  original: Ioredis,
  deadlineMs: number,
  watch: ConnectionWatch,
): FreshRedisConnection {
  const username = member(original.options, 'username');
  const password = member(original.options, 'password');
  // Before version 6 the driver writes to the console at each login with a password that is not needed.
  const isTalkative = Boolean(password) && member(original.options, 'protocol') === undefined;
  const hasSentinels = Boolean(member(original.options, 'sentinels'));
  const client = original.duplicate({
    lazyConnect: true,
    retryStrategy: null,
    // The driver's connection to a sentinel is out of our reach, so it must end by itself.
    sentinelRetryStrategy: null,
    sentinelCommandTimeout: deadlineMs * PATIENCE.first,
    connectTimeout: hasSentinels ? deadlineMs * PATIENCE.first : 0,
    socketTimeout: undefined,
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
    ...(password ? {} : { protocol: 2 }),
    ...(isTalkative && { username: null, password: null }),
  });

  async function connect(): Promise<void> {
    const connected = client.connect();
    // The driver makes its socket in the next turn.
    setImmediate(() => {
      const stream = member(client, 'stream');
      limitAnswers(stream);
      watch.connecting(stream);
    });
    await connected;
    watch.answered(member(client, 'stream'));
    if (!isTalkative) return;
    try {
      await client.auth(...[username, password].filter((word) => typeof word === 'string' && word !== ''));
    } catch (error) {
      if (!NOT_NEEDED.test(messageOf(error))) throw error;
    }
  }

  return createFreshRedisConnection(
    { connect, on: (event, listener) => client.on(event, listener) },
    {
      send([command]) {
        if (command === 'INFO') return client.info();
        if (command === 'PING') return client.ping();
        return command === 'CLUSTER' ? client.cluster('INFO') : client.slowlog('GET', 16);
      },
      isLookingUp: () => isLookingUp(member(client, 'stream')),
      close() {
        client.disconnect();
        // The driver's way out waits for the server to close its end.
        const stream = member(client, 'stream');
        if (hasDestroy(stream)) stream.destroy();
      },
    },
  );
}
