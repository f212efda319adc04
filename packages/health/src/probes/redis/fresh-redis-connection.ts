/**
 * A connection of the probe's own to a server of Redis, whatever driver makes it: good for one run.
 */
import { member } from '../../unknown.js';
import { isForbidden, isErrorReply, redisProblem } from './redis-errors.js';
import { isClusterDown, mastersIn, readInfo, type CacheInfo } from '../../statistics/cache.js';

export interface FreshRedisConnection {
  /**
   * Connects, logs in and asks for `INFO`, or no more than `PING`; rejects with what the driver reports. Where `INFO` is
   * hidden or says nothing, `PING` decides; where it says that there is a cluster, that is asked about as well.
   */
  query(pingOnly?: boolean): Promise<RedisResult>;
  /** Is not ended with its run: whoever calls this ends it. */
  stay(): void;
  /** The last 16 commands that took long; only after an answer. */
  slowCommands(): Promise<unknown>;
  /** Whether the server let us in and was then gone in the middle of the question, as some proxies are at an `INFO`. */
  wasCutOff(): boolean;
  /** Whether it still waits for the address that belongs to the server's name. */
  isLookingUp(): boolean;
  /** Closes the socket at once, however far the connection has come. */
  destroy(): void;
}

/** What the server said, and the round trip of the question alone in milliseconds. */
export interface RedisResult {
  /** `undefined` when the server hides its figures. */
  readonly info: CacheInfo | undefined;
  /** Why it does not, in its own words. */
  readonly hiddenBy?: unknown;
  readonly clusterIsDown: boolean;
  /** How many masters its cluster has; `null` when it is in none, or hides it. */
  readonly masters: number | null;
  readonly latencyMs: number;
}

/** Makes a connection to each server there is to ask: one, or every master of a cluster; none when none is known. */
export type OpenRedisConnections = (signal: AbortSignal) => readonly FreshRedisConnection[];

/** The members used of a client that was made for this run. */
interface Client {
  connect(): Promise<unknown>;
  on(event: 'error', listener: (error: unknown) => void): unknown;
}

/** The only commands that a probe sends. */
export type ProbeCommand =
  readonly ['INFO'] | readonly ['PING'] | readonly ['CLUSTER', 'INFO'] | readonly ['SLOWLOG', 'GET', '16'];

const NO_INFO = { code: 'NO_INFO', message: 'The answer to INFO is no INFO' };
const ENDED_BY_INFO = { code: 'CONNECTION_CLOSED', message: 'Connection is closed by the server at an INFO' };
const NO_PONG = { code: 'NO_PONG', message: 'The answer to PING is no PONG' };

export interface RedisTransport {
  readonly send: (command: ProbeCommand) => Promise<unknown>;
  readonly isLookingUp: () => boolean;
  readonly close: () => void;
  /** Where a driver ends a connection by the signal of its run. */
  readonly stay?: () => void;
}

/** The connection that `client` makes. */
export function createFreshRedisConnection(
  client: Client,
  { send, isLookingUp, close, stay }: RedisTransport,
): FreshRedisConnection {
  // The event has the error. The promises reject later, with no more than that the connection is closed, or never.
  const failed = new Promise<never>((_resolve, reject) => {
    client.on('error', reject);
  });
  failed.catch(() => undefined);
  let isConnected = false;
  let isAnswered = false;

  async function timed(command: ProbeCommand): Promise<readonly [answer: unknown, latencyMs: number]> {
    const askedMs = performance.now();
    const answer = await send(command);
    isAnswered = true;
    return [answer, performance.now() - askedMs];
  }

  /** A user may be forbidden `PING` as well, but the server says so only after the login. */
  async function ping(hiddenBy: unknown): Promise<RedisResult> {
    const askedMs = performance.now();
    try {
      const [answer] = await timed(['PING']);
      if (String(answer) !== 'PONG') throw NO_PONG;
    } catch (error) {
      // A connection that is broken by now broke at the question before.
      if (!isForbidden(error)) throw redisProblem(error) === 'CACHE_UNREACHABLE' ? hiddenBy : error;
    }
    return {
      info: undefined,
      hiddenBy,
      clusterIsDown: false,
      masters: null,
      latencyMs: performance.now() - askedMs,
    };
  }

  async function connectAndAsk(pingOnly: boolean): Promise<RedisResult> {
    await client.connect();
    isConnected = true;
    if (pingOnly) return ping(ENDED_BY_INFO);
    let asked: Awaited<ReturnType<typeof timed>>;
    try {
      asked = await timed(['INFO']);
    } catch (error) {
      isAnswered = isErrorReply(error);
      if (!isAnswered) throw error;
      return ping(error);
    }
    const [info, latencyMs] = asked;
    const parsed = readInfo(info);
    if (!parsed) return ping(NO_INFO);
    const cluster = parsed.isOfCluster ? await send(['CLUSTER', 'INFO']).catch(unlessGone) : undefined;
    return { info: parsed, clusterIsDown: isClusterDown(cluster), masters: mastersIn(cluster), latencyMs };
  }

  return {
    query: (pingOnly = false) => Promise.race([failed, connectAndAsk(pingOnly)]),
    stay: () => stay?.(),
    slowCommands: () => Promise.race([failed, send(['SLOWLOG', 'GET', '16'])]),
    wasCutOff: () => isConnected && !isAnswered,
    isLookingUp,
    destroy() {
      try {
        close();
      } catch {
        // It had not been opened, or is closed already.
      }
    },
  };
}

/** What may not be asked is not known; anything else has failed. */
function unlessGone(error: unknown): undefined {
  if (!isErrorReply(error)) throw error;
}

/** True for a socket, or a client that can be ended like one. */
export function hasDestroy(value: unknown): value is { destroy(): void } {
  return typeof member(value, 'destroy') === 'function';
}
