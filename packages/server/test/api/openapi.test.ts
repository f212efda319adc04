/**
 * The description of the API against the API, in every state that it can be in.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  makeReleaseKeys,
  signRelease,
  startPostgres,
  startRedis,
  waitFor,
  type PostgresServer,
  type RedisServer,
} from 'portal-test-kit';
import { ADMIN } from '../../src/auth/permission.js';
import { OWN_NAME } from '../../src/fleet/fleet.js';
import { assertAnswer, assertShape, DOCUMENT, responseOf } from '../answers.js';
import { sendRequest } from '../request.js';
import { startService, type TestService } from '../service.js';

/** Each time is a dozen requests. */
const PATIENTLY = { everyMs: 100 };
const FORMATS = ['application/json', 'application/health+json'];

let folder: string;
let postgres: PostgresServer;
let redis: RedisServer;
let service: TestService;
let admin: string;
let moderator: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portal-openapi-'));
  const keys = makeReleaseKeys();
  await writeFile(join(folder, 'release.pub'), keys.publicPem);
  await writeFile(join(folder, 'statement'), signRelease('another source', keys));
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  service = await startService({
    databaseUrl: await postgres.createDatabase(),
    redisUrl: redis.url,
    environment: {
      // So that something is expected of the source, and not found.
      PORTAL_SOURCE_STATEMENT: join(folder, 'statement'),
      PORTAL_SOURCE_KEYS: join(folder, 'release.pub'),
      // Shapes are tested here, not speed: a busy machine must not look like an outage.
      PORTAL_DEADLINE_MS: '2000',
      PORTAL_SLOW_MS: '1900',
      PORTAL_SESSION_DEADLINE_MS: '1500',
    },
  });
  admin = await service.sessionCookie(ADMIN);
  moderator = await service.sessionCookie(1);
  await waitFor(
    'a service that serves',
    async () => (await sendRequest(service.url, '/v1/admin/health', { cookie: admin })).status === 200,
    PATIENTLY,
  );
});

after(async () => {
  await service?.close();
  await Promise.all([postgres?.close(), redis?.close()]);
  await rm(folder, { recursive: true, force: true });
});

/** Asks everything that depends on how things are, and gives the report's status. */
async function everything(): Promise<string> {
  let status = '';
  for (const accept of FORMATS) {
    const headers = { Accept: accept };
    const open = await sendRequest(service.url, '/health', { headers });
    await sendRequest(service.url, '/v1/admin/health', { headers, cookie: admin });
    if (accept === 'application/json') status = String(open.json['status']);
  }
  for (const path of ['/livez', '/readyz', '/startupz', '/livez?verbose', '/readyz?verbose']) {
    await sendRequest(service.url, path);
  }
  for (const accept of ['text/plain', 'application/openmetrics-text']) {
    await sendRequest(service.url, '/metrics', { headers: { Accept: accept } });
  }
  return status;
}

function until(status: string): Promise<void> {
  return waitFor(status, async () => (await everything()) === status, PATIENTLY);
}

test('every answer is as described: well, without a cache, and in the outage', async () => {
  // Degraded by the hash that it does not have.
  await until('degraded');
  redis.freeze();
  await waitFor(
    'the cache to be down',
    async () => {
      await everything();
      return (await sendRequest(service.url, '/health')).json['cache'] === false;
    },
    PATIENTLY,
  );
  await postgres.freeze();
  await until('unhealthy');
  const memory = await sendRequest(service.url, '/v1/admin/health', { cookie: admin });
  assert.deepEqual([memory.status, memory.headers['x-session-source']], [503, 'memory']);
  redis.thaw();
  await postgres.thaw();
  await until('degraded');
});

test('in good health too', async (t) => {
  const well = await startService({ databaseUrl: await postgres.createDatabase(), redisUrl: redis.url });
  t.after(() => well.close());
  const cookie = await well.sessionCookie(ADMIN);
  await waitFor('healthy', async () => (await sendRequest(well.url, '/health')).json['status'] === 'healthy');
  const open = await sendRequest(well.url, '/health');
  const page = await sendRequest(well.url, '/v1/admin/health', { cookie });
  assert.equal(open.json['status'], 'healthy');
  assert.deepEqual(Object.keys(page.json), [
    ...Object.keys(open.json).filter((key) => key !== 'errors'),
    'source_hash',
    'errors',
  ]);
});

test('the source, as administrators see it', async () => {
  await sendRequest(service.url, '/v1/admin/integrity', { cookie: admin });
  await sendRequest(service.url, '/v1/admin/integrity/loaded', { cookie: admin });
  const after1 = await sendRequest(service.url, '/v1/admin/integrity', { cookie: admin });
  assert.ok(after1.json['loaded'] && after1.json['expected'], 'with all its parts');
});

test('what was and what happened', async () => {
  for (const path of ['/v1/status', '/v1/admin/history', '/v1/admin/events']) {
    assert.equal((await sendRequest(service.url, path, { cookie: admin })).status, 200, path);
  }
  for (const query of ['history?from=yesterday', 'events?limit=0', 'history?step=1&step=2']) {
    const { status } = await sendRequest(service.url, `/v1/admin/${query}`, { cookie: admin });
    assert.equal(status, 400, query);
  }
});

test('every refusal is as described', async () => {
  for (const [path, operations] of Object.entries(DOCUMENT.paths)) {
    const target = path.replace('{guide}', 'errors.md').replace('{token_suffix}', 'abcdef');
    const { get, post } = operations;
    const method = ['GET', 'POST', 'PUT'].find((one) => !Reflect.has(operations, one.toLowerCase()));
    assert.equal((await sendRequest(service.url, target, { method: method ?? '' })).status, 405, path);
    for (const [name, operation] of Object.entries({ GET: get, POST: post })) {
      if (!operation || !('401' in operation.responses)) continue;
      const body = path.endsWith('/verify') ? '{"code":"22222222"}' : undefined;
      const allowed = { method: name, ...(body === undefined ? {} : { body }) };
      assert.equal((await sendRequest(service.url, target, allowed)).status, 401, `${name} ${path}`);
    }
    if (!get || !('403' in get.responses)) continue;
    await waitFor(
      `403 at ${path}`,
      async () => (await sendRequest(service.url, path, { cookie: moderator })).status === 403,
    );
  }
  const guide = await sendRequest(service.url, '/docs/none.md');
  assert.equal(guide.status, 404);
  const nothing = await sendRequest(service.url, '/nothing');
  assert.equal(nothing.status, 404);
  assertShape({ $ref: '#/components/schemas/Error' }, nothing.json, 'any other path');
});

/** The service is degraded by the hash that it does not have. */
async function anIncident(): Promise<string> {
  let id = '';
  await waitFor(
    'an incident',
    async () => {
      const { json } = await sendRequest(service.url, '/v1/admin/incidents', { cookie: admin });
      const [first] = (json['incidents'] ?? []) as readonly { readonly id: string }[];
      id = first?.id ?? '';
      return id !== '';
    },
    PATIENTLY,
  );
  return id;
}

test('every endpoint is there, and answers HEAD as it answers GET', async () => {
  const id = await anIncident();
  for (const [path, { get }] of Object.entries(DOCUMENT.paths)) {
    if (!get) continue;
    const target = path
      .replace('{guide}', 'errors.md')
      .replace('{service}', OWN_NAME)
      .replace('{instance}', hostname())
      .replace('{id}', id);
    assert.notEqual((await sendRequest(service.url, target)).status, 404, path);
    await waitFor(`HEAD ${path}`, async () => {
      const head = await sendRequest(service.url, target, { method: 'HEAD', cookie: admin });
      assert.equal(head.body, '');
      return head.status === 200;
    });
  }
});

test('the description is sound: unique names, references that lead somewhere, examples that fit', () => {
  const operations = Object.values(DOCUMENT.paths).flatMap(({ get, post }) =>
    [get, post].filter((operation) => operation !== undefined),
  );
  assert.equal(new Set(operations.map(({ operationId }) => operationId)).size, operations.length);
  const names = [...JSON.stringify(DOCUMENT).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(
    ([, name]) => name,
  );
  const known = Object.keys(DOCUMENT.components.schemas);
  assert.deepEqual(
    [...new Set(names)].toSorted(),
    known.toSorted(),
    'all that are named are there, and used',
  );
  let examples = 0;
  for (const operation of operations) {
    for (const status of Object.keys(operation.responses)) {
      const { content = {} } = responseOf(operation, status) ?? {};
      for (const [type, media] of Object.entries(content)) {
        const values = Object.values(media.examples ?? {}).map(({ value }) => value);
        for (const value of media.example === undefined ? values : [media.example]) {
          assertShape(media.schema, value, `${operation.operationId} ${status} ${type}`);
          examples += 1;
        }
      }
    }
  }
  assert.ok(examples > 20);
});

test('every service serves this description', async () => {
  const { json } = await sendRequest(service.url, '/openapi.json');
  const { info, ...others } = json;
  assert.deepEqual({ ...others, info: DOCUMENT.info }, JSON.parse(JSON.stringify(DOCUMENT)));
  assert.match((info as { version: string }).version, /^\d+\.\d+\.\d+$/);
});

test('an answer that is not described fails the test that got it', () => {
  const good = {
    method: 'POST',
    path: '/portal/v1/authentication/request?x=1',
    status: 202,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: '{"message":"On its way."}',
  };
  assertAnswer(good);
  const path = good.path.slice('/portal'.length);
  for (const change of [
    { body: '{}' },
    { body: '{"message":null}' },
    { body: '{"message":"On its way.","more":1}' },
    { headers: { 'content-type': 'text/html' } },
    { path, status: 200 },
    { status: 404, body: '{"error":"Not found"}' },
    { status: 401, body: '{"message":"On its way."}' },
    { method: 'GET', status: 405, body: good.body },
  ]) {
    assert.throws(() => assertAnswer({ ...good, ...change }), assert.AssertionError, JSON.stringify(change));
  }
});

test('what does not fit is found', () => {
  const report = { $ref: '#/components/schemas/Report' };
  const example = DOCUMENT.paths['/health']?.get?.responses['200'];
  assert.ok(example && !('$ref' in example));
  const value = example.content?.['application/json']?.examples?.['healthy']?.value as Record<
    string,
    unknown
  >;
  assertShape(report, value, 'the example');
  const pool = value['db_statistics'] as object;
  const wrong: readonly object[] = [
    { more: 1 },
    { status: 'fine' },
    { database: 'true' },
    { started_at: '2026-03-01' },
    { errors: ['connect ECONNREFUSED 10.0.0.1'] },
    { db_statistics: { ...pool, size: '20' } },
    { db_statistics: { ...pool, size: undefined } },
    { db_statistics: { ...pool, size: -1 } },
  ];
  for (const change of wrong) {
    const broken: unknown = JSON.parse(JSON.stringify({ ...value, ...change }));
    assert.throws(() => assertShape(report, broken, ''), JSON.stringify(change));
  }
});
