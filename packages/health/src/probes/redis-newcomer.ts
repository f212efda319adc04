/**
 * A connection of the probe's own to a server of Redis, whatever driver makes it: good for one question.
 */
import { member } from './foreign.js';

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

/** The members used of a client that was made for this run. */
interface Client {
  connect(): Promise<unknown>;
  on(event: 'error', listener: (error: unknown) => void): unknown;
}

/**
 * The connection that `client` makes: `info` asks over it, `close` ends it.
 */
export function newcomer(client: Client, info: () => Promise<unknown>, close: () => void): Newcomer {
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

/** True for a socket, or a client that can be ended like one. */
export function hasDestroy(value: unknown): value is { destroy(): void } {
  return typeof member(value, 'destroy') === 'function';
}
