/**
 * What strangers cost the stores: a thousand requests of one address to each endpoint there is, counted as they arrive at
 * PostgreSQL and Redis. An endpoint that is new and not in the table fails this test.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { flood, type RedisServer } from 'portal-test-kit';
import { tokenHash, newToken } from '../src/auth/sessions/token.js';
import { ADMIN } from '../src/auth/permission.js';
import { sendRequest } from './request.js';
import { DELIVERY, startProxiedService, type ProxiedService } from './proxied-service.js';
import type { TestService } from './service.js';
import { createStatements } from './statements.js';

/** How an endpoint is asked, where its path alone does not say so. */
interface Row {
  readonly path?: string;
  readonly body?: () => string;
  /** A thousand, where it is not said. */
  readonly requests?: number;
  readonly connections?: number;
  /** Shows a machine's token in place of a session's. */
  readonly isMachine?: boolean;
}

/** What is made once, or of what is in memory: fewer requests show that they ask nothing. */
const PUBLIC: Row = { requests: 200 };
/** Nobody who signs in is refused for the number of tries; those over a limit wait for one another instead. */
const CROWD: Row = { connections: 100 };
const CODE_LETTERS = 'ABCDEFGHJKLMNPQRSTUVWXYZ';

/** Every path and method of the description, and some that are none. */
const TABLE: Readonly<Record<string, Row>> = {
  'GET /health': PUBLIC,
  'GET /livez': PUBLIC,
  'GET /readyz': PUBLIC,
  'GET /startupz': PUBLIC,
  'GET /metrics': {},
  'GET /docs': PUBLIC,
  'GET /docs/{guide}': { ...PUBLIC, path: '/docs/errors.md' },
  'GET /openapi.json': PUBLIC,
  'GET /llms.txt': PUBLIC,
  'GET /v1/status': PUBLIC,
  'GET /v1/status/services': PUBLIC,
  'GET /v1/admin/health': {},
  'GET /v1/admin/reasons': {},
  'GET /v1/admin/live': {},
  'GET /v1/admin/history': {},
  'GET /v1/admin/events': {},
  'GET /v1/admin/integrity': {},
  'GET /v1/admin/integrity/loaded': {},
  'GET /v1/admin/integrity/statement': {},
  'GET /v1/admin/audit': {},
  'GET /v1/admin/fleet': {},
  'GET /v1/admin/fleet/services/{service}': {},
  'GET /v1/admin/fleet/services/{service}/instances/{instance}': {},
  'GET /v1/admin/fleet/services/{service}/history': {},
  'GET /v1/admin/fleet/services/{service}/healthy-time': {},
  'GET /v1/admin/fleet/events': {},
  'GET /v1/admin/fleet/live': {},
  'GET /v1/admin/fleet/targets': {},
  'GET /v1/admin/fleet/source': {},
  'POST /v1/admin/fleet/services/{service}/pause': { body: () => '{"until":"","reason":""}' },
  'POST /v1/admin/fleet/services/{service}/resume': {},
  'GET /v1/admin/maintenance': {},
  'POST /v1/admin/maintenance': { body: () => '{"until":"","reason":""}' },
  'POST /v1/admin/maintenance/{id}/end': { path: '/v1/admin/maintenance/1/end' },
  'GET /v1/admin/incidents': {},
  'GET /v1/admin/incidents/{id}': {},
  'POST /v1/admin/incidents/{id}/notes': { body: () => '{"text":""}' },
  'GET /v1/admin/alerts': {},
  'POST /v1/admin/alerts/test': {},
  'GET /v1/users/me': {},
  'GET /v1/users/me/sessions': {},
  'POST /v1/users/me/sessions/destroy-all': {},
  'POST /v1/users/me/sessions/{token_suffix}/destroy': { path: '/v1/users/me/sessions/abcdef/destroy' },
  'POST /v1/authentication/logout': {},
  'POST /v1/authentication/request': {
    ...CROWD,
    body: () => JSON.stringify({ username: randomName() }),
  },
  'POST /v1/authentication/verify': {
    ...CROWD,
    body: () => JSON.stringify({ code: randomName() }),
  },
};
const BESIDES: Readonly<Record<string, Row>> = {
  'GET /': PUBLIC,
  'GET /v1/admin/health?machine': { isMachine: true },
  'GET /metrics?machine': { isMachine: true },
  'GET /nothing': {},
  'GET //v1//admin//health/': {},
  'HEAD /v1/admin/health': {},
  'DELETE /v1/admin/health': {},
  'PUT /v1/authentication/logout': {},
  'OPTIONS /v1/users/me': {},
};

const REQUESTS = 1_000;
const CONNECTIONS = 8;
/** Of transactions, and of commands to Redis. */
const MOST = 60;

let proxied: ProxiedService;
let redis: RedisServer;
let service: TestService;
let admin: string;
const statements = createStatements();

before(async () => {
  proxied = await startProxiedService({
    onStatement: statements.heard,
    environment: {
      ...DELIVERY,
      PORTAL_LOG_LEVEL: 'silent',
      // As it is by default.
      PORTAL_REFUSALS_PER_MINUTE: '20',
      // The one process asks and answers; how long that takes on a busy machine is not what is counted.
      PORTAL_INTERVAL_MS: '2000',
      PORTAL_DEADLINE_MS: '10000',
      PORTAL_SESSION_DEADLINE_MS: '10000',
    },
  });
  ({ service, redis } = proxied);
  admin = await service.sessionCookie(ADMIN);
  assert.equal((await sendRequest(service.url, '/v1/admin/health', { cookie: admin })).status, 200);
});

after(async () => {
  await proxied?.close();
});

function randomName(): string {
  return Array.from(randomBytes(12), (byte) => CODE_LETTERS.charAt(byte % CODE_LETTERS.length)).join('');
}

test('every endpoint of the description stands in the table', async () => {
  const { json } = await sendRequest(service.url, '/openapi.json');
  const described = Object.entries(json['paths'] as Record<string, object>).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );
  assert.deepEqual(Object.keys(TABLE).toSorted(), described.toSorted());
});

/** Commands that were carried out, those within scripts too; without those of asking for them. */
async function commandsSoFar(): Promise<number> {
  const calls = await redis.calls();
  return ['eval', 'evalsha', 'incrby', 'expire', 'pttl', 'set', 'get', 'del', 'publish']
    .map((name) => calls.get(name) ?? 0)
    .reduce((sum, count) => sum + count, 0);
}

describe('a thousand requests of one address to each endpoint', () => {
  test('cost the database a few statements each, and take hardly a connection of the pool', async () => {
    const all = Object.entries({ ...TABLE, ...BESIDES });
    /** By what in a statement tells of whom it is: the address, or the hash of a token. */
    const endpointOf = new Map<string, string>();
    function markedToken(endpoint: string): string {
      const token = newToken();
      endpointOf.set(tokenHash(token), endpoint);
      return token;
    }
    let mostCheckedOut = 0;
    const watching = setInterval(() => {
      const { checked_out: out } = service.app.health.report('public').db_statistics;
      mostCheckedOut = Math.max(mostCheckedOut, out ?? 0);
    }, 10);
    statements.forget();
    const commandsBefore = await commandsSoFar();
    const beganMs = performance.now();

    await Promise.all(
      all.map(
        async (
          [endpoint, { path, body, requests = REQUESTS, connections = CONNECTIONS, isMachine }],
          index,
        ) => {
          const [method = '', template = ''] = endpoint.split(' ');
          const from = `127.0.1.${100 + index}`;
          endpointOf.set(from, endpoint);
          const answers = await flood(service.url, {
            method,
            path: path ?? template,
            requests,
            connections,
            from,
            cookie: () => `psession=${markedToken(endpoint)}`,
            ...(isMachine ? { bearer: () => markedToken(endpoint) } : {}),
            ...(body ? { body } : {}),
          });
          const sum = [...answers.values()].reduce((one, other) => one + other, 0);
          assert.equal(sum, requests, `${endpoint}: ${JSON.stringify([...answers])}`);
          for (const status of answers.keys()) assert.notEqual(status, 500, endpoint);
        },
      ),
    );
    // What is written in the background comes within a second.
    await sleep(1_500);
    clearInterval(watching);
    const seconds = (performance.now() - beganMs) / 1_000;

    const costs = new Map<string, number>();
    for (const statement of statements.all()) {
      const whose = new Set(
        (statement.match(/[0-9a-f]{64}|127\.0\.1\.\d{3}/g) ?? []).map((mark) => endpointOf.get(mark)),
      );
      for (const endpoint of whose) {
        if (endpoint !== undefined) costs.set(endpoint, (costs.get(endpoint) ?? 0) + 1);
      }
    }
    const table = JSON.stringify(Object.fromEntries(costs), undefined, 1);
    for (const [endpoint, cost] of costs) assert.ok(cost <= MOST, `${endpoint}: ${cost} of ${table}`);
    assert.ok((costs.get('GET /v1/admin/health') ?? 0) > 0, `they were counted at all: ${table}`);
    for (const endpoint of ['GET /health', 'GET /v1/status', 'GET /docs', 'GET /nothing']) {
      assert.equal(costs.get(endpoint), undefined, `${endpoint} asks nothing`);
    }
    const ofAll = statements.all().length;
    // The probes ask besides, a few statements a second.
    assert.ok(ofAll <= MOST * 4 + seconds * 20, `${ofAll} statements in ${seconds} s: ${table}`);
    assert.ok(mostCheckedOut <= 3, `${mostCheckedOut} connections of the pool`);
    const commands = (await commandsSoFar()) - commandsBefore;
    assert.ok(commands <= MOST * all.length, `${commands} commands`);
    assert.equal((await sendRequest(service.url, '/v1/admin/health', { cookie: admin })).status, 200);
  });

  test('cost Redis a few commands, whatever else is counted', async () => {
    const endpoints = [
      { method: 'GET', path: '/v1/users/me', from: '127.0.2.100' },
      { method: 'POST', path: '/v1/authentication/logout', from: '127.0.2.101' },
    ];
    const commandsBefore = await commandsSoFar();
    await Promise.all(
      endpoints.map((endpoint) =>
        flood(service.url, {
          ...endpoint,
          requests: REQUESTS,
          connections: 50,
          cookie: () => `psession=${newToken()}`,
        }),
      ),
    );
    const commands = (await commandsSoFar()) - commandsBefore;
    assert.ok(commands > 0 && commands <= MOST * endpoints.length, `${commands} commands`);
  });
});
