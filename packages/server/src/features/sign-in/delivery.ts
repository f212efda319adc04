/**
 * Brings codes to their users: by a message to a program of the operator's choice, which passes it on. It begins when
 * the answer to the request is out, so that the answer cannot take longer for somebody who exists.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../platform/log.js';
import type { Webhook } from '../../platform/webhook.js';

/** A code, and whose it is. */
export interface CodeToDeliver {
  readonly code: string;
  readonly userName: string;
  /** Who asked for it. */
  readonly address: string;
  readonly expiresAt: Date;
}

/** A way to users. */
export interface Delivery {
  /** Nobody waits for it; what comes of it is in the log. */
  deliver(code: CodeToDeliver): void;
  /** Gives up what is under way. */
  close(): void;
}

/** What a delivery needs of others. */
export interface DeliveryOptions {
  readonly webhook: Webhook;
  readonly log: Log;
}

/** Milliseconds before each further attempt; a code is worth nothing after ten minutes, and its user waits. */
const PAUSES_MS = [1_000, 5_000];
/** Messages under way; more than that are asked for only by somebody who means no good. */
const MOST = 100;

/** Delivers by `webhook`. */
export function createDelivery({ webhook, log }: DeliveryOptions): Delivery {
  const closed = new AbortController();
  let underWay = 0;

  async function attempt(id: string, body: string): Promise<void> {
    let pauses = PAUSES_MS;
    for (;;) {
      try {
        await webhook.send({ id, body });
        return;
      } catch (error) {
        const [pauseMs, ...rest] = pauses;
        if (pauseMs === undefined || closed.signal.aborted) throw error;
        pauses = rest;
        await sleep(pauseMs, undefined, { signal: closed.signal });
      }
    }
  }

  return {
    deliver(code) {
      if (underWay >= MOST || closed.signal.aborted) return;
      underWay += 1;
      attempt(`msg_${randomUUID()}`, JSON.stringify(message(code)))
        .catch((error: unknown) => {
          if (!closed.signal.aborted) log.failure('a one-time code could not be delivered', error);
        })
        .finally(() => {
          underWay -= 1;
        });
    },
    close() {
      closed.abort();
      webhook.close();
    },
  };
}

/** `text` is what a chat needs; everything else is for a program. */
function message({ code, userName, address, expiresAt }: CodeToDeliver): object {
  return {
    type: 'login_code.created',
    timestamp: new Date().toISOString(),
    data: { username: userName, code, address, expires_at: expiresAt.toISOString() },
    text: `Code for ${userName} to sign in: ${code} (once, until ${expiresAt.toISOString()}, asked for by ${address})`,
  };
}
