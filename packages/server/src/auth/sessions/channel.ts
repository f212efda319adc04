/**
 * Notifies other processes by Redis that sessions have changed, because some poolers let no `NOTIFY` pass. The message holds
 * nothing else, and a receiver believes nothing but PostgreSQL: a message can only lead to another look-up.
 */
import type { Cache } from '../../infra/redis.js';

export interface SessionChannel {
  /** Rejects when it could not be said; takes no longer than a command to Redis may. */
  publish(): Promise<void>;
  /** Calls `onWord` for every word, and whenever some may have been missed. */
  listen(onWord: () => void): void;
}

const CHANNEL = 'portal:sessions-changed';

export function createSessionChannel({ client, subscribe }: Cache): SessionChannel {
  return {
    async publish() {
      await client.publish(CHANNEL, '');
    },
    listen: (onWord) => subscribe(CHANNEL, onWord),
  };
}
