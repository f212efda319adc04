/**
 * Anything at all that a client can send, and that an operator can set: no crash, no hang, no 500, and nothing of it
 * in an answer or in the log.
 */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { startPostgres, startRedis, waitFor, type PostgresServer, type RedisServer } from 'portal-test-kit';
import { ConfigError, readConfig } from '../src/config/env.js';
import { tokensInCookies } from '../src/auth/cookie.js';
import { ADMIN } from '../src/auth/permission.js';
import { SETTINGS, type Setting } from '../src/config/settings.js';
import { sendRequest } from './request.js';
import { startService, type TestService } from './service.js';

const HANG_MS = 5_000;
/** Sent along in every request that allows it. */
const CANARY = 'zqvxkwjz';
const CANARY_HEADER = `X-Anything: ${CANARY}\r\n`;

let postgres: PostgresServer;
let redis: RedisServer;
let service: TestService;
let admin: string;

before(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  service = await startService({ databaseUrl: await postgres.createDatabase(), redisUrl: redis.url });
  admin = await service.sessionCookie(ADMIN);
});

after(async () => {
  await service?.close();
  await Promise.all([postgres?.close(), redis?.close()]);
});

/** Sends bytes as they are, and gives everything that comes back until the connection ends. */
function exchange(bytes: Buffer): Promise<string> {
  const { port } = new URL(service.url);
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(Number(port), '127.0.0.1', () => socket.end(bytes));
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`No end after ${HANG_MS} ms of ${JSON.stringify(bytes.toString('latin1'))}`));
    }, HANG_MS);
    socket.setEncoding('latin1').on('data', (text: string) => (answer += text));
    // A server may hang up on what it cannot read.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(answer);
    });
  });
}

function assertHarmless(answer: string): void {
  assert.doesNotMatch(answer, /^HTTP\/1\.1 5\d\d (?!Service Unavailable)/);
  assert.ok(!answer.includes(CANARY), answer);
  assert.ok(!answer.includes(String(service.app.health.report('admin').source_hash)), answer);
}

/** Letters of a header's value: everything but what ends it. */
const headerText = fc.string({ unit: 'binary', maxLength: 200 }).map((text) =>
  Buffer.from(text)
    .toString('latin1')
    .replaceAll(/[\r\n\0]/g, ''),
);
const method = fc.oneof(
  fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'CONNECT', 'QUERY'),
  fc.stringMatching(/^[A-Z!#$%&'*+.^_`|~-]{1,20}$/),
);
const path = fc.oneof(
  fc.constantFrom('/health', '/v1/admin/health', '/v1/admin/integrity', '/livez', '/metrics', '/docs'),
  fc.webUrl({ withQueryParameters: true }),
  fc
    .array(
      fc.constantFrom(
        '/',
        '//',
        '.',
        '..',
        '%2e',
        '%00',
        '%ff',
        '%',
        ';',
        '?',
        '#',
        'v1',
        'admin',
        'health',
        '\\',
      ),
    )
    .map((parts) => `/${parts.join('')}`),
  headerText.map((text) => `/${text.replaceAll(' ', '')}`),
);
const cookie = fc.oneof(
  headerText,
  headerText.map((text) => `psession=${text}`),
  fc.constantFrom(
    'psession',
    'psession=; psession=',
    '__proto__=1; psession=x',
    'constructor=psession',
    `psession="${'A'.repeat(43)}"`,
    `psession=${'A'.repeat(43)}`,
  ),
);

describe('a client may send anything', () => {
  test('methods, paths, cookies, Accept and bodies', async () => {
    await fc.assert(
      fc.asyncProperty(
        method,
        path,
        cookie,
        headerText,
        fc.option(fc.string({ unit: 'binary' }), { nil: undefined }),
        async (verb, target, cookies, accept, body) => {
          const length = body === undefined ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
          const type = body === undefined ? '' : 'Content-Type: application/json\r\n';
          const head = `${verb} ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: ${cookies}\r\nAccept: ${accept}\r\n${CANARY_HEADER}${length}${type}\r\n`;
          assertHarmless(
            await exchange(Buffer.concat([Buffer.from(head, 'latin1'), Buffer.from(body ?? '')])),
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  test('bytes that are no HTTP, and HTTP that is cut off anywhere', async () => {
    const request = Buffer.from(
      `GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${CANARY_HEADER}\r\n`,
    );
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
          fc.nat({ max: request.length - 1 }).map((length) => request.subarray(0, length + 1)),
        ),
        async (bytes) => assertHarmless(await exchange(bytes)),
      ),
      { numRuns: 100 },
    );
  });

  test('header fields without end, and far too many of them', async () => {
    for (const head of [
      `GET /health HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`,
      `GET /health HTTP/1.1\r\nHost: x\r\n${'X: y\r\n'.repeat(10_000)}\r\n`,
      `GET /${'x'.repeat(100_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
    ]) {
      assert.match(await exchange(Buffer.from(head)), /^HTTP\/1\.1 431 |^$/);
    }
  });

  test('two lengths, or a length and chunks: never two answers for one request', async () => {
    const smuggled = 'GET /v1/admin/health HTTP/1.1\r\nHost: x\r\n\r\n';
    for (const fields of [
      'Content-Length: 5\r\nContent-Length: 6',
      'Content-Length: 5\r\nTransfer-Encoding: chunked',
    ]) {
      const head = `POST /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${fields}\r\n\r\n`;
      const answer = await exchange(Buffer.from(`${head}0\r\n\r\n${smuggled}`));
      assert.ok(answer.split('HTTP/1.1 ').length <= 2, answer);
      assertHarmless(answer);
    }
  });

  test('and afterwards all is as before: the page opens, nothing is polluted, nothing of it is in the log', async () => {
    // A loop that had so much to do is late for a moment.
    await waitFor('health', async () => {
      const { status, json } = await sendRequest(service.url, '/v1/admin/health', { cookie: admin });
      return status === 200 && json['status'] === 'healthy';
    });
    assert.deepEqual(Object.keys(Object.prototype), []);
    // A line each for the first of every kind; the rest is counted.
    assert.ok(service.logged.length > 40, String(service.logged.length));
    for (const line of service.logged) {
      assert.ok(!line.includes(CANARY), line);
      assert.ok(!line.includes('"status":500'), line);
      JSON.parse(line);
    }
  });
});

test('a cookie header of any text gives what has the shape of tokens, and never throws', () => {
  fc.assert(
    fc.property(fc.oneof(cookie, fc.string({ unit: 'binary' })), (header) => {
      assert.ok(tokensInCookies(header).every((token) => /^[\w-]{43}$/.test(token)));
    }),
    { numRuns: 2_000 },
  );
});

test('an environment of any text is a configuration or sentences, and quotes no secret', () => {
  const variables = [...Object.values(SETTINGS).map(({ variable }) => variable), 'PORTAL_ANYTHING'];
  const secrets = Object.values<Setting<unknown>>(SETTINGS)
    .filter(({ secret }) => secret)
    .map(({ variable }) => variable);
  fc.assert(
    fc.property(
      fc.dictionary(
        fc.constantFrom(...variables),
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.integer().map(String),
          fc.webUrl(),
          fc.string().map((text) => `postgres://u:${CANARY}${text}@h/d`),
        ),
      ),
      (environment) => {
        try {
          assert.ok(Object.isFrozen(readConfig(environment)));
        } catch (error) {
          assert.ok(error instanceof ConfigError, String(error));
          for (const sentence of error.sentences) {
            assert.match(sentence, /^Expected /);
            const isSecret = secrets.some((secret) => sentence.startsWith(`Expected \`${secret}\``));
            if (isSecret) assert.ok(!sentence.includes(CANARY), sentence);
          }
        }
      },
    ),
    { numRuns: 1_000 },
  );
});
