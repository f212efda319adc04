/**
 * The door to Redis. With the driver's defaults a command waits for as long as the server is away; here it fails soon
 * and for certain, because everything that asks Redis can do without.
 */
import { Redis } from 'ioredis';

/** How to reach the cache, and how patiently. */
export interface RedisClientOptions {
  /** `redis://…`; never logged, never part of an error of ours. */
  readonly url: string;
  /** Milliseconds until a command fails. */
  readonly commandTimeoutMs: number;
  /** Told whenever a connection breaks or cannot be made, on every attempt; the client goes on trying. */
  readonly onError: (error: unknown) => void;
}

/** A connection to Redis that mends itself. */
export interface Cache {
  readonly client: Redis;
  /**
   * Calls `onMessage` for everything published on `channel` from now on, on a connection of its own, and each time that
   * the connection has been made anew: something may have been missed.
   */
  readonly subscribe: (channel: string, onMessage: () => void) => void;
  /** Kept when commands can be sent, or after `deadlineMs`, whichever comes first. */
  whenReady(deadlineMs: number): Promise<void>;
  /** Lets go of all connections at once. */
  close(): void;
}

const CONNECT_TIMEOUT_MS = 2_000;

/** Connects in the background and keeps at it. */
export function createCache({ url, commandTimeoutMs, onError }: RedisClientOptions): Cache {
  const client = new Redis(url, {
    commandTimeout: commandTimeoutMs,
    connectTimeout: CONNECT_TIMEOUT_MS,
    connectionName: 'portal',
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    // What was not carried out before a break must not be carried out long after it.
    autoResendUnfulfilledCommands: false,
    retryStrategy: (attempt) => Math.min(50 * attempt, 500),
  });
  client.on('error', onError);
  const all = [client];

  return {
    client,
    subscribe(channel, onMessage) {
      const subscriber = client.duplicate({ connectionName: 'portal-listener', autoResubscribe: false });
      all.push(subscriber);
      subscriber.on('error', onError);
      subscriber.on('ready', () => {
        subscriber.subscribe(channel).then(onMessage, onError);
      });
      subscriber.on('message', onMessage);
    },
    whenReady(deadlineMs) {
      if (client.status === 'ready') return Promise.resolve();
      return new Promise((resolve) => {
        const timer = setTimeout(resolve, deadlineMs);
        client.once('ready', () => {
          clearTimeout(timer);
          resolve();
        });
      });
    },
    close() {
      for (const connection of all) {
        connection.disconnect();
        // `disconnect` waits for the server to say goodbye too, which a frozen one never does.
        connection.stream?.destroy();
      }
    },
  };
}
