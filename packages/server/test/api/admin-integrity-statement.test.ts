/** The signed statement as the service shows it to administrators and machines, also where it does not believe it. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { makeReleaseKeys, signRelease, startPostgres, type PostgresServer } from 'portal-test-kit';
import { ADMIN } from '../../src/auth/permission.js';
import { sendRequest } from '../request.js';
import { startService, type TestService } from '../service.js';

const PATH = '/v1/admin/integrity/statement';
const statement = signRelease('one', makeReleaseKeys());
let folder: string;
let postgres: PostgresServer;
let service: TestService;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portal-statement-'));
  await writeFile(join(folder, 'statement'), `${statement}\n`);
  // Of somebody else: whoever signed the statement is not known here.
  await writeFile(join(folder, 'release.pub'), makeReleaseKeys().publicPem);
  postgres = await startPostgres();
  service = await startService({
    databaseUrl: await postgres.createDatabase(),
    environment: {
      PORTAL_SOURCE_STATEMENT: join(folder, 'statement'),
      PORTAL_SOURCE_KEYS: join(folder, 'release.pub'),
    },
  });
});

after(async () => {
  await service?.close();
  await postgres?.close();
  await rm(folder, { recursive: true, force: true });
});

test('administrators read it as it was signed, nobody else does', async () => {
  const admin = await service.sessionCookie(ADMIN);
  const { status, body, headers } = await sendRequest(service.url, PATH, { cookie: admin });
  assert.equal(status, 200);
  assert.deepEqual(JSON.parse(body), JSON.parse(statement));
  assert.equal(headers['content-type'], 'application/json');
  assert.equal(headers['cache-control'], 'private, no-store');
  const state = await sendRequest(service.url, '/v1/admin/integrity', { cookie: admin });
  assert.match(String(state.json['statement_refused']), /E_UNKNOWN_KEY/);
  assert.equal((await sendRequest(service.url, PATH)).status, 401);
  assert.equal(
    (await sendRequest(service.url, PATH, { cookie: await service.sessionCookie(1) })).status,
    403,
  );
  // Where the library has it: the service shows nothing there.
  assert.equal((await sendRequest(service.url, '/health/statement', { cookie: admin })).status, 404);
});
