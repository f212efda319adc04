/**
 * The integrity of a source that changes under a running service: what administrators read, and what nobody else does.
 */
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { startPostgres, waitFor, type PostgresServer } from 'portal-test-kit';
import { ADMIN } from '../../src/auth/permission.js';
import { sendRequest, type TestResponse } from '../request.js';
import { startService, type TestService } from '../service.js';

let postgres: PostgresServer;
let service: TestService;
let folder: string;
let project: string;
let listHash: string;
let admin: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portal-source-'));
  await writeFile(join(folder, 'secret-name.js'), 'export const one = 1;\n');
  await writeFile(join(folder, 'other.js'), 'export const two = 2;\n');
  project = await mkdtemp(join(tmpdir(), 'portal-project-'));
  await mkdir(join(project, 'node_modules/dep'), { recursive: true });
  await writeFile(join(project, 'node_modules/dep/secret-name.js'), 'EVIL');
  await writeFile(join(project, 'package-lock.json'), '{"packages":{"node_modules/dep":{}}}');
  const list = `${hash('sha256', 'good', 'hex')}  node_modules/dep/secret-name.js\n`;
  await writeFile(join(project, 'dependencies.sha256'), list);
  listHash = hash('sha256', list, 'hex');
  postgres = await startPostgres();
  service = await startService({
    databaseUrl: await postgres.createDatabase(),
    environment: {
      PORTAL_SOURCE_ROOT: folder,
      PORTAL_SOURCE_HASH: '0'.repeat(64),
      PORTAL_SOURCE_MEMORY_MS: '300',
      PORTAL_SOURCE_LOCKFILE: join(project, 'package-lock.json'),
      PORTAL_SOURCE_DEPENDENCIES: join(project, 'dependencies.sha256'),
    },
  });
  admin = await service.sessionCookie(ADMIN);
});

after(async () => {
  await service?.close();
  await postgres?.close();
  await rm(folder, { recursive: true, force: true });
  await rm(project, { recursive: true, force: true });
});

function integrity(cookie?: string, path = '/v1/admin/integrity'): Promise<TestResponse> {
  return sendRequest(service.url, path, { cookie });
}

function errors(reply: TestResponse): string {
  return String(reply.json['errors']);
}

test('for administrators only, and never to be kept', async () => {
  const moderator = await service.sessionCookie(1);
  for (const path of [
    '/v1/admin/integrity',
    '/v1/admin/integrity/loaded',
    '//v1/admin/integrity/?x=/health',
  ]) {
    assert.equal((await integrity(undefined, path)).status, 401, path);
    assert.equal((await integrity(moderator, path)).status, 403, path);
    const open = await integrity(admin, path);
    assert.equal(open.status, 200, path);
    assert.equal(open.headers['cache-control'], 'private, no-store');
    assert.equal(open.headers['vary'], 'Cookie, Authorization');
  }
  const refused = await sendRequest(service.url, '/v1/admin/integrity', { method: 'POST' });
  assert.deepEqual([refused.status, refused.headers['allow']], [405, 'GET, HEAD']);
});

test('a source that is not what was released: SOURCE_MISMATCH, degraded', async () => {
  const { json } = await integrity(admin);
  assert.equal(json['state'], 'mismatched');
  const page = await sendRequest(service.url, '/v1/admin/health', { cookie: admin });
  assert.match(errors(page), /SOURCE_MISMATCH/);
  assert.equal((json['boot'] as Record<string, unknown>)['source_hash'], page.json['source_hash']);
});

test('a file rewritten with its old time set back is found and named, for administrators; the latch stays', async () => {
  const file = join(folder, 'secret-name.js');
  const original = await readFile(file, 'utf8');
  const time = new Date('2020-01-01T00:00:00Z');
  await writeFile(file, original.replace('1;', '2;'));
  await utimes(file, time, time);
  await waitFor(
    'the drift to be known',
    async () => errors(await sendRequest(service.url, '/health')).includes('SOURCE_DRIFTED'),
    { timeoutMs: 30_000 },
  );
  const changed = await integrity(admin);
  assert.match(JSON.stringify(changed.json['differences']), /secret-name\.js/);
  const open = await sendRequest(service.url, '/health');
  assert.equal(open.status, 200);
  assert.equal(open.json['status'], 'degraded');

  await writeFile(file, original);
  await waitFor(
    'the change to be seen put back',
    async () => {
      const { json } = await integrity(admin);
      return (
        (json['disk'] as Record<string, unknown>)['source_hash'] ===
        (json['boot'] as Record<string, unknown>)['source_hash']
      );
    },
    { timeoutMs: 30_000 },
  );
  assert.match(
    errors(await sendRequest(service.url, '/health')),
    /SOURCE_DRIFTED/,
    'put back, the latch still tells of it',
  );
  const { json } = await integrity(admin);
  assert.equal(typeof json['drifted_since'], 'string');
  const events = json['events'] as { kind: string }[];
  assert.equal(events.filter(({ kind }) => kind === 'changed').length, 1);
});

test('no name of a file leaves by a public door or stands in the log', async () => {
  for (const path of ['/health', '/metrics', '/readyz?verbose', '/livez?verbose']) {
    for (const accept of ['application/json', 'application/health+json', 'application/openmetrics-text']) {
      const { body } = await sendRequest(service.url, path, { headers: { Accept: accept } });
      assert.ok(!body.includes('secret-name') && !body.includes(folder), `${path} ${accept}`);
    }
  }
  await service.lineWith('the source changed on disk');
});

test('what is in memory is told on demand', async () => {
  const { json } = await integrity(admin, '/v1/admin/integrity/loaded');
  assert.equal(json['scripts'], 0, 'this process runs no script of that folder');
  assert.ok(Number(json['outside']) > 0);
});

test('code that is in memory and was put back on disk is found without being asked for, and no request looks', async () => {
  const first = await integrity(admin, '/v1/admin/integrity/loaded');
  assert.equal(first.json['state'], 'open', 'nothing of this source is in memory yet');
  const good = 'export const one = 1;\n';
  const file = join(folder, 'restores-itself.mjs');
  await writeFile(
    file,
    `import fs from 'node:fs'; fs.writeFileSync(new URL(import.meta.url), ${JSON.stringify(good)});\n//# sourceURL=node:x`,
  );
  await import(pathToFileURL(file).href);
  await waitFor(
    'the look',
    async () => errors(await integrity(admin, '/v1/admin/health')).includes('LOADED'),
    {
      timeoutMs: 15_000,
    },
  );
  let json: Record<string, unknown> = {};
  // On a busy machine a session may be looked up too late to be answered.
  await waitFor('what was found', async () => {
    ({ json } = await integrity(admin));
    return json['loaded'] !== undefined;
  });
  assert.deepEqual((json['loaded'] as { unknown: unknown }).unknown, ['restores-itself.mjs']);
  assert.notEqual(json['loaded_differs_since'], null);
  const told = await sendRequest(service.url, '/health', {});
  assert.match(
    String(told.json['errors']),
    /The source in memory is not the source on disk \(SOURCE_LOADED_DIFFERS\)/,
  );
  const events = await sendRequest(service.url, '/v1/admin/events', { cookie: admin });
  assert.ok(JSON.stringify(events.json).includes('"to":"loaded"'));
});

test('dependencies that are not as listed: named for administrators, an event, and the hash of the list', async () => {
  const dependencies = async (): Promise<Record<string, unknown>> =>
    (await integrity(admin)).json['dependencies'] as Record<string, unknown>;
  await waitFor('the first look', async () => (await dependencies())['state'] === 'different', {
    timeoutMs: 30_000,
  });
  const { dependencies_hash, by, packages, differences } = await dependencies();
  assert.deepEqual([dependencies_hash, by, packages], [listHash, 'list', 1]);
  assert.ok(JSON.stringify(differences).includes('node_modules/dep/secret-name.js'));
  await waitFor(
    'the event',
    async () => {
      const events = await sendRequest(service.url, '/v1/admin/events', { cookie: admin });
      return JSON.stringify(events.json).includes('"to":"dependencies"');
    },
    { timeoutMs: 30_000 },
  );
});
