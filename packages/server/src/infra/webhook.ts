/**
 * Tells another program something by a signed request, as standardwebhooks.com has it: whoever receives it can check that
 * it came from us, unchanged and lately. One call is one attempt; whoever wants another one sends the same `id` again.
 *
 * No error of it says where the message went, what was in it, or what it was signed with: URLs of chat services are
 * passwords.
 */
import { createHmac } from 'node:crypto';
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { createSecureContext } from 'node:tls';
import { errorCode } from 'portal-shared/error-code';
import { webhookKey } from '../config/rules.js';

/** Where messages go, and how patiently. */
export interface WebhookOptions {
  /** One that the rule `webhookUrl` let pass: https, or this machine itself. */
  readonly url: URL;
  /**
   * `whsec_` and the key in base64, as the rule `webhookSecret` has it, asked for with each message; `undefined`: messages
   * are not signed.
   */
  readonly secret: string | (() => string | undefined) | undefined;
  /** Milliseconds from the first attempt to connect until the receiver must have answered. */
  readonly timeoutMs: number;
}

/** One message. */
export interface WebhookMessage {
  /** Names the message and not the attempt: a receiver that has seen it already may leave it out. No dots. */
  readonly id: string;
  readonly body: string;
  /** Default: `application/json`. */
  readonly contentType?: string;
  /** Default: whether there is a secret. */
  readonly sign?: boolean;
  /** Default: `POST`. One by `GET` has no body. */
  readonly method?: 'GET' | 'POST';
}

/** A receiver of messages. */
export interface Webhook {
  /**
   * Kept once the receiver has answered with 2xx.
   *
   * @throws WebhookError when it has not
   */
  send(message: WebhookMessage): Promise<void>;
  /** Gives up what is under way. */
  close(): void;
}

/**
 * A message that was not accepted. `code` is one of `WEBHOOK_TIMEOUT`, `WEBHOOK_REDIRECTED`, `WEBHOOK_REFUSED` and
 * `WEBHOOK_CLOSED`, or that of the connection (`ECONNREFUSED`, `CERT_HAS_EXPIRED`). Nothing else is said, and there is
 * no `cause`: Node's own words name the host.
 */
export class WebhookError extends Error {
  readonly code: string;
  /** Of the answer; `undefined` when there was none. */
  readonly status: number | undefined;
  /** Milliseconds that the receiver asked to be left alone; `undefined` when it did not. */
  readonly retryAfterMs: number | undefined;

  constructor(code: string, { status, retryAfterMs }: { status?: number; retryAfterMs?: number } = {}) {
    super(`A message was not accepted (${code}${status === undefined ? '' : `, ${status}`}).`);
    this.code = code;
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Why a message was not accepted, without the URL: `WEBHOOK_REFUSED (500)`. */
export function refusalText(error: unknown): string {
  const status = error instanceof WebhookError ? error.status : undefined;
  return `${errorCode(error)}${status === undefined ? '' : ` (${status})`}`;
}

/** Makes ready to send; connects for each message anew. */
export function createWebhook({ url, secret, timeoutMs }: WebhookOptions): Webhook {
  function currentKey(): Buffer | undefined {
    const text = typeof secret === 'function' ? secret() : secret;
    return text === undefined ? undefined : webhookKey(text);
  }
  const isSecure = url.protocol === 'https:';
  const start = isSecure ? httpsRequest : httpRequest;
  // To read the certificates that are trusted takes milliseconds, in which nothing else is done: once, and not for each
  // message. No connection is left over that a later message could find broken, and each is judged by its certificate.
  const agent = isSecure
    ? new HttpsAgent({ keepAlive: false, maxCachedSessions: 0, secureContext: createSecureContext() })
    : false;
  const underWay = new Set<ClientRequest>();

  return {
    send({ id, body, contentType = 'application/json', sign = secret !== undefined, method = 'POST' }) {
      return new Promise((resolve, reject) => {
        const key = sign ? currentKey() : undefined;
        const headers = {
          ...(method === 'POST' && {
            'Content-Type': contentType,
            'Content-Length': String(Buffer.byteLength(body)),
          }),
          'User-Agent': 'portal-health',
          ...(sign ? signedHeaders(key, id, body) : {}),
        };
        const request = start(url, { method, agent, headers });
        underWay.add(request);
        const timer = setTimeout(() => request.destroy(new WebhookError('WEBHOOK_TIMEOUT')), timeoutMs);
        request.on('close', () => {
          clearTimeout(timer);
          underWay.delete(request);
        });
        request.on('error', (error) => {
          reject(error instanceof WebhookError ? error : new WebhookError(errorCode(error)));
        });
        request.on('response', (response) => {
          // What it says besides is of no interest; it may go on saying it until the time is up.
          response.on('error', () => undefined).resume();
          const refusal = webhookErrorIn(response);
          if (refusal) reject(refusal);
          else resolve();
        });
        request.end(method === 'POST' ? body : undefined);
      });
    },
    close() {
      for (const request of underWay) request.destroy(new WebhookError('WEBHOOK_CLOSED'));
    },
  };
}

/** The three headers of a message that is sent now. */
function signedHeaders(key: Buffer | undefined, id: string, body: string): Record<string, string> {
  if (!key) throw new TypeError('A message can be signed only by a webhook with a secret.');
  const timestamp = Math.floor(Date.now() / 1_000);
  return {
    'Webhook-Id': id,
    'Webhook-Timestamp': String(timestamp),
    'Webhook-Signature': webhookSignature(key, { id, timestamp, body }),
  };
}

/** What a receiver computes too. `timestamp` in seconds since 1970. */
export function webhookSignature(
  key: Buffer,
  { id, timestamp, body }: { id: string; timestamp: number; body: string },
): string {
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}

/** A redirect is none of the receiver's business: it would hand on what is meant for one place. */
function webhookErrorIn({ statusCode = 0, headers }: IncomingMessage): WebhookError | undefined {
  if (statusCode >= 200 && statusCode < 300) return undefined;
  const seconds = /^\d{1,6}$/.exec(headers['retry-after'] ?? '')?.[0];
  return new WebhookError(statusCode >= 300 && statusCode < 400 ? 'WEBHOOK_REDIRECTED' : 'WEBHOOK_REFUSED', {
    status: statusCode,
    ...(seconds === undefined ? {} : { retryAfterMs: Number(seconds) * 1_000 }),
  });
}
