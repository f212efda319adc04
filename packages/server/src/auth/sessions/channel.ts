/**
 * The word that goes round by Redis when sessions have changed, for processes to which a pooler lets no `NOTIFY` pass.
 * It says no more than that, and whoever hears it believes nothing but PostgreSQL: it can only make a process look again.
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
