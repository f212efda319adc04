/**
 * Those who get alerts. Their URLs are passwords, so they go by kind and place: `slack 2` is the second that was named.
 */
import { createHash } from 'node:crypto';
import { createWebhook, type Webhook } from '../../infra/webhook.js';
import type { NamedReceiver, ReceiverType } from '../../config/rules.js';

/** One of them. */
export interface Receiver {
  /** For people. */
  readonly name: string;
  /** For the file: the same after a restart, whatever others were named since, and of no use to anybody else. */
  readonly key: string;
  readonly type: ReceiverType;
  readonly webhook: Webhook;
}

/** What an attempt may take. */
const TIMEOUT_MS = 10_000;

/** @param secret - signs what goes to generic receivers; chat services would not know what to do with a signature */
export function createReceivers(
  named: readonly NamedReceiver[],
  secret: (() => string | undefined) | undefined,
): readonly Receiver[] {
  return named.map(({ type: kind, url }, index) => ({
    name: `${kind} ${index + 1}`,
    key: createHash('sha256').update(`${kind}+${url.href}`).digest('hex').slice(0, 16),
    type: kind,
    webhook: createWebhook({ url, secret: kind === 'generic' ? secret : undefined, timeoutMs: TIMEOUT_MS }),
  }));
}
