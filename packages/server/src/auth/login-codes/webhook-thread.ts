/**
 * The thread that sends one-time codes.
 */
import { workerData } from 'node:worker_threads';
import { errorCode } from 'portal-shared/error-code';
import { serveRpc } from 'portal-shared/rpc-thread';
import { createFairQueue } from '../../infra/fair-queue.js';
import { retry } from '../../infra/retry.js';
import { createWebhook } from '../../infra/webhook.js';
import type { FailedMessage, SignedMessage, WebhookMethods, WebhookWorkerData } from './webhook-worker.js';

/** A chat that takes longer to accept a message is asked again. */
const TIMEOUT_MS = 10_000;
/** Milliseconds before each further attempt; a code is worth nothing after ten minutes, and its user waits. */
const PAUSES_MS = [1_000, 5_000];
/** Messages under way at once, and those that wait for that: strangers can have many sent, and a real one has its turn. */
const UNDER_WAY = 50;
const WAITING = { most: 2_000, mostPerKey: 100 };

const { url, isSigned }: WebhookWorkerData = workerData;
let secret = '';
const webhook = createWebhook({
  url: new URL(url),
  secret: isSigned ? () => secret : undefined,
  timeoutMs: TIMEOUT_MS,
});
const waiting = createFairQueue<SignedMessage>(WAITING);
let underWay = 0;

const rpc = serveRpc<WebhookMethods, FailedMessage>({ methods: () => ({ send: enqueue }) });

function enqueue(message: SignedMessage): void {
  secret = message.secret ?? secret;
  if (!message.isForSomebody) return;
  if (waiting.add(message.to.toLowerCase(), message)) rpc.emit({ cause: 'TOO_MANY' });
  sendNext();
}

function sendNext(): void {
  if (underWay >= UNDER_WAY) return;
  for (const message of waiting.take(UNDER_WAY - underWay)) {
    underWay += 1;
    void send(message).finally(() => {
      underWay -= 1;
      sendNext();
    });
  }
}

async function send({ id, body }: SignedMessage): Promise<void> {
  try {
    await retry(() => webhook.send({ id, body }), { pauseMs: (_error, failures) => PAUSES_MS[failures - 1] });
  } catch (error) {
    rpc.emit({ cause: errorCode(error) });
  }
}
