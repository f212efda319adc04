/**
 * What an attacker tries first. Access, cookies, floods and rubbish have test files of their own; SECURITY.md names them.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { waitFor } from 'portal-test-kit';
import { newToken } from '../src/auth/sessions/token.js';
import { ADMIN } from '../src/auth/permission.js';
import { sendRequest } from './request.js';
import { DELIVERY, startProxiedService, type ProxiedService } from './proxied-service.js';
import type { TestService } from './service.js';
import { sql } from './sql.js';

const PAGE = '/v1/admin/health';

let proxied: ProxiedService;
let service: TestService;
let databaseUrl: string;
/** What the service has said to each store since it was last emptied. */
const sentStatements = { database: '', cache: '' };

before(async () => {
  proxied = await startProxiedService({
    onStatement: (bytes) => (sentStatements.database += bytes.toString('latin1')),
    onCommand: (bytes) => (sentStatements.cache += bytes.toString('latin1')),
    // Probes that ask in between would be mixed up with what is looked at.
    environment: { ...DELIVERY, PORTAL_INTERVAL_MS: '600000' },
  });
  ({ service, databaseUrl } = proxied);
  // What is written once at a start would be mixed up with it too.
  await waitFor('the settings in the audit', async () => {
    return (await sql(databaseUrl, 'SELECT FROM settings_seen')).length > 0;
  });
});

after(async () => {
  await proxied?.close();
});

test('session fixation: a token that a client brings along never becomes a session, and no answer sets one', async () => {
  const cookie = `psession=${newToken()}`;
  const first = await sendRequest(service.url, PAGE, { cookie });
  const own = await service.sessionCookie(ADMIN);
  const both = await sendRequest(service.url, PAGE, { cookie: `${cookie}; ${own}` });
  const last = await sendRequest(service.url, PAGE, { cookie });
  assert.deepEqual([first.status, last.status], [401, 401]);
  for (const { headers } of [first, both, last]) assert.equal(headers['set-cookie'], undefined);
  assert.notEqual(own, cookie);
});

test('unknown and known sessions cost the same: the same is asked of the record, word for word, and Redis nothing', async () => {
  const revoked = await service.sessionCookie(ADMIN);
  const [session] = await service.app.sessions.list();
  assert.equal((await sendRequest(service.url, PAGE, { cookie: revoked })).status, 200);
  await service.app.sessions.revoke([session?.id ?? 0]);
  const forged = `psession=${newToken()}`;

  await untilCalm();
  const costs: { readonly database: string; readonly cache: string }[] = [];
  for (const cookie of [forged, revoked, forged]) {
    // What was refused is written down in the background, once a second: then it is asked once more.
    for (let tries = 0; tries < 5; tries += 1) {
      sentStatements.database = '';
      sentStatements.cache = '';
      assert.equal((await sendRequest(service.url, PAGE, { cookie })).status, 401);
      if (!/INTO audit|n,,n=|c=biws/.test(sentStatements.database)) break;
    }
    costs.push({
      database: withoutHashes(sentStatements.database),
      cache: withoutHashes(sentStatements.cache),
    });
  }
  assert.ok(costs[0] && costs[0].database.length > 0);
  assert.equal(costs[0].cache, '');
  assert.deepEqual(costs[1], costs[0]);
  assert.deepEqual(costs[2], costs[0]);
});

/** A change makes the process confirm by itself what it remembers. */
async function untilCalm(): Promise<void> {
  await waitFor('the service to say nothing by itself for a while', async () => {
    sentStatements.database = '';
    // The audit is written once a second.
    await new Promise((resolve) => setTimeout(resolve, 1_300));
    return sentStatements.database === '';
  });
}

/** Which hash is asked for is the one thing that differs. */
function withoutHashes(text: string): string {
  return text.replaceAll(/[0-9a-f]{64}/g, 'HASH');
}

test('asking for a code costs the same for a name that somebody has and for one that nobody has', async () => {
  await service.app.users.add('operator', 'known-name', ADMIN);
  await untilCalm();
  const costs: { readonly statements: readonly string[]; readonly bytes: number; readonly reply: string }[] =
    [];
  for (const username of ['unknown-11', 'known-name', 'unknown-22', 'KNOWN-NAME', 'unknown-33']) {
    sentStatements.database = '';
    sentStatements.cache = '';
    const { status, bytes } = await sendRequest(service.url, '/v1/authentication/request', {
      method: 'POST',
      body: JSON.stringify({ username }),
    });
    assert.equal(status, 202);
    const [database, cache] = [sentStatements.database, sentStatements.cache];
    assert.equal(cache, '');
    assert.ok(database.includes(username));
    // The hashes of code and name are all that differs, each 64 digits; words are what is longer than chance.
    const statements = withoutHashes(database.replace(username, '')).match(/[\x20-\x7e\n]{24,}/g) ?? [];
    costs.push({ statements, bytes: database.length, reply: bytes });
  }
  const [first] = costs;
  assert.ok(first && first.statements.join('').includes('INSERT INTO login_codes'));
  for (const cost of costs) assert.deepEqual(cost, first);
  const rows = await sql(databaseUrl, 'SELECT user_id IS NULL AS decoy FROM login_codes ORDER BY id');
  assert.deepEqual(
    rows.map(({ decoy }) => decoy),
    [true, false, true, false, true],
    'and each of them has written one row',
  );
});

test('header injection: nothing that a client sends comes back in a header', async () => {
  const headers = {
    'X-Correlation-Id': 'mine',
    'X-Request-Id': 'mine',
    'X-Forwarded-For': 'mine',
    'X-Forwarded-Host': 'mine',
    Origin: 'https://mine',
  };
  for (const path of [
    '/health',
    PAGE,
    '/mine',
    '/mine%0d%0aSet-Cookie:%20mine',
    '/health?x=%0d%0amine:%20mine',
  ]) {
    for (const sent of [headers, { ...headers, Host: 'mine' }]) {
      const answer = await sendRequest(service.url, path, { headers: sent });
      assert.doesNotMatch(JSON.stringify(answer.headers), /mine/, path);
      assert.equal(answer.headers['access-control-allow-origin'], undefined);
    }
  }
  assert.ok(service.logged.every((line) => !line.includes('mine')));
});

test('oversize: a body of megabytes is refused and not kept, and the next question is answered', async () => {
  const body = 'x'.repeat(4 * 1024 * 1024);
  for (const path of [PAGE, '/health', '/nowhere']) {
    const status = await sendRequest(service.url, path, { method: 'POST', body }).then(
      (answer) => answer.status,
      // Who is told to stop while still sending may see the connection end.
      () => 0,
    );
    assert.ok([0, 404, 405, 413].includes(status), `${path}: ${status}`);
  }
  assert.equal((await sendRequest(service.url, '/livez')).status, 200);
});
