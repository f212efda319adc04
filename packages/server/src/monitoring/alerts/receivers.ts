/**
 * The receivers of alerts. Their URLs are passwords, so a receiver is named by type and place: `slack 2` is the second in
 * the setting.
 */
import { createHash } from 'node:crypto';
import { createWebhook, type Webhook } from '../../infra/webhook.js';
import type { NamedReceiver, ReceiverType } from '../../config/rules.js';

export interface Receiver {
  /** For logs and operators. */
  readonly name: string;
  /** For the file: a hash, so that it is the same after a restart and after a change of the other receivers. */
  readonly key: string;
  readonly type: ReceiverType;
  readonly webhook: Webhook;
  /** Of PagerDuty, which takes it in the body. */
  readonly routingKey: string | undefined;
}

/** Of one attempt. */
const TIMEOUT_MS = 10_000;

/** @param secret - signs messages to generic receivers; chat services do not check signatures */
export function createReceivers(
  named: readonly NamedReceiver[],
  secret: (() => string | undefined) | undefined,
): readonly Receiver[] {
  return named.map(({ type, url, routingKey }, index) => ({
    name: `${type} ${index + 1}`,
    key: createHash('sha256')
      .update(`${type}+${url.href}${routingKey ?? ''}`)
      .digest('hex')
      .slice(0, 16),
    type,
    routingKey,
    webhook: createWebhook({ url, secret: type === 'generic' ? secret : undefined, timeoutMs: TIMEOUT_MS }),
  }));
}
