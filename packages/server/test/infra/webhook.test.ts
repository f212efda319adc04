/**
 * Messages to another program: received by a real one on this machine, which accepts, refuses, redirects and hangs.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { after, before, beforeEach, describe, test } from 'node:test';
import { waitFor } from 'portal-test-kit';
import { createWebhook, webhookSignature, WebhookError, type Webhook } from '../../src/infra/webhook.js';
import { webhookKey, webhookSecret, webhookUrl } from '../../src/config/rules.js';

const SECRET = `whsec_${randomBytes(32).toString('base64')}`;

interface Received {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let receiver: Server;
let port: number;
const received: Received[] = [];
/** How the receiver answers: a status, or not at all. */
let answer: { readonly status: number; readonly headers?: Record<string, string> } | 'nothing';

before(async () => {
  receiver = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      received.push({ method: request.method, url: request.url, headers: request.headers, body });
      if (answer !== 'nothing') response.writeHead(answer.status, answer.headers).end('thank you');
    });
  });
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  ({ port } = receiver.address() as AddressInfo);
});

after(() => {
  receiver.closeAllConnections();
  receiver.close();
});

beforeEach(() => {
  received.length = 0;
  answer = { status: 200 };
});

function webhook(path = '/hook/T0KEN', options: { secret?: string; timeoutMs?: number } = {}): Webhook {
  return createWebhook({
    url: webhookUrl(`http://127.0.0.1:${port}${path}`),
    secret: SECRET,
    timeoutMs: 10_000,
    ...options,
  });
}

async function failure(sending: Promise<void>): Promise<WebhookError> {
  const error: unknown = await sending.then(
    () => assert.fail('it was accepted'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof WebhookError);
  // Neither words nor fields nor stack may give away where it was to go.
  const everything = inspect(error, { depth: 9, showHidden: true });
  assert.doesNotMatch(everything, /T0KEN|127\.0\.0\.1|whsec_|hunter2/);
  assert.ok(!everything.includes(String(port)));
  assert.equal(error.cause, undefined);
  return error;
}

test('the vector of the published scheme', () => {
  const signature = webhookSignature(webhookKey('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'), {
    id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    timestamp: 1_614_265_330,
    body: '{"test": 2432232314}',
  });
  assert.equal(signature, 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
});

test('a message arrives whole, with a signature that the receiver can check', async () => {
  const body = JSON.stringify({ text: 'größer als ASCII' });
  await webhook().send({ id: 'msg_1', body });
  const [message] = received;
  assert.ok(message);
  assert.deepEqual([message.method, message.url, message.body], ['POST', '/hook/T0KEN', body]);
  assert.equal(message.headers['content-type'], 'application/json');
  assert.equal(message.headers['webhook-id'], 'msg_1');
  const timestamp = Number(message.headers['webhook-timestamp']);
  assert.ok(Math.abs(Date.now() / 1_000 - timestamp) < 60);
  assert.equal(
    message.headers['webhook-signature'],
    webhookSignature(webhookKey(SECRET), { id: 'msg_1', timestamp, body }),
  );
});

test('unsigned where that is wanted, and of another type', async () => {
  await webhook().send({ id: 'msg_2', body: 'hello', contentType: 'text/plain', sign: false });
  const [message] = received;
  assert.equal(message?.headers['content-type'], 'text/plain');
  assert.deepEqual(
    Object.keys(message.headers).filter((name) => name.startsWith('webhook-')),
    [],
  );
});

test('a name and a password in the URL become a header', async () => {
  const url = webhookUrl(`http://user:hunter2@127.0.0.1:${port}/`);
  await createWebhook({ url, secret: undefined, timeoutMs: 10_000 }).send({ id: 'msg_3', body: '{}' });
  const expected = `Basic ${Buffer.from('user:hunter2').toString('base64')}`;
  assert.equal(received[0]?.headers.authorization, expected);
});

describe('what is not accepted says why, and nothing of where', () => {
  test('a refusal, with the time that the receiver asked for', async () => {
    answer = { status: 429, headers: { 'Retry-After': '7' } };
    const error = await failure(webhook().send({ id: 'msg_4', body: '{}' }));
    assert.deepEqual([error.code, error.status, error.retryAfterMs], ['WEBHOOK_REFUSED', 429, 7_000]);
  });

  test('a redirect, which is not followed', async () => {
    answer = { status: 307, headers: { Location: `http://127.0.0.1:${port}/elsewhere` } };
    const error = await failure(webhook().send({ id: 'msg_5', body: '{}' }));
    assert.deepEqual([error.code, error.status], ['WEBHOOK_REDIRECTED', 307]);
    assert.deepEqual(
      received.map(({ url }) => url),
      ['/hook/T0KEN'],
    );
  });

  test('a receiver that does not answer in time', async () => {
    answer = 'nothing';
    const error = await failure(webhook('/hook/T0KEN', { timeoutMs: 200 }).send({ id: 'msg_6', body: '{}' }));
    assert.deepEqual([error.code, error.status], ['WEBHOOK_TIMEOUT', undefined]);
  });

  test('a receiver that is not there', async () => {
    const nobody = createWebhook({
      url: webhookUrl('http://user:hunter2@127.0.0.1:1/T0KEN'),
      secret: SECRET,
      timeoutMs: 10_000,
    });
    assert.equal((await failure(nobody.send({ id: 'msg_7', body: '{}' }))).code, 'ECONNREFUSED');
  });

  test('what is under way when it is closed', async () => {
    answer = 'nothing';
    const open = webhook();
    const sending = failure(open.send({ id: 'msg_8', body: '{}' }));
    await waitFor('the message to arrive', () => received.length > 0);
    open.close();
    assert.equal((await sending).code, 'WEBHOOK_CLOSED');
  });
});

describe('where messages may go', () => {
  for (const url of [
    'https://hooks.example.org/services/T0KEN?x=1',
    'https://user:hunter2@hooks.example.org',
    'http://127.0.0.1:8080/',
    'http://127.9.9.9/',
    'http://localhost:1/',
    'http://[::1]:1/',
  ]) {
    test(`${url} is good`, () => assert.equal(webhookUrl(url).href, new URL(url).href));
  }
  for (const url of [
    'http://hooks.example.org/T0KEN',
    'http://10.0.0.1/',
    'http://localhost.example.org/',
    'http://127.0.0.1.example.org/',
    'ftp://127.0.0.1/',
    'https://hooks.example.org/#T0KEN',
    'hooks.example.org/T0KEN',
    '',
  ]) {
    test(`${JSON.stringify(url)} is refused`, () => {
      assert.throws(() => webhookUrl(url), { message: /^to be an https URL/ });
    });
  }

  test('a key of 24 to 64 bytes, so that nobody guesses it', () => {
    for (const bytes of [24, 32, 64]) webhookSecret(`whsec_${randomBytes(bytes).toString('base64')}`);
    const short = randomBytes(23).toString('base64');
    const long = randomBytes(65).toString('base64');
    for (const text of [`whsec_${short}`, `whsec_${long}`, 'hunter2', 'whsec_', `whsec_${'!'.repeat(44)}`]) {
      assert.throws(() => webhookSecret(text), {
        message: /^to be whsec_ and then 24 to 64 bytes in base64/,
      });
    }
  });
});
