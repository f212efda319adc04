/**
 * Signing in with a one-time code, from the request to the cookie: by a real message to a real receiver.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import {
  messageData,
  startPostgres,
  startReceiver,
  waitFor,
  type PostgresServer,
  type ReceivedMessage,
  type TestReceiver,
} from 'portal-test-kit';
import { newCode, newLongCode } from '../../src/auth/login-codes/code.js';
import { MOST_OPEN_OF_ADDRESS } from '../../src/auth/login-codes/login-code-store.js';
import { ADMIN } from '../../src/auth/permission.js';
import { webhookSignature } from '../../src/infra/webhook.js';
import { webhookKey } from '../../src/config/rules.js';
import { sendRequest, type TestRequest, type TestResponse } from '../request.js';
import { IMPATIENT, startService, type TestService } from '../service.js';
import { sql } from '../sql.js';

const REQUEST = '/v1/authentication/request';
const VERIFY = '/v1/authentication/verify';
const TRIES_A_MINUTE = 20;
const REQUESTS_OF_NAME_A_MINUTE = 10;
/** Codes are delivered in slots of two seconds: what has not come after one and a half will not come. */
const SLOT_MS = 3_000;

let postgres: PostgresServer;
let databaseUrl: string;
let receiver: TestReceiver;
let service: TestService;
let addresses = 0;

before(async () => {
  receiver = await startReceiver();
  postgres = await startPostgres();
  databaseUrl = await postgres.createDatabase();
  service = await startService({
    databaseUrl,
    environment: {
      ...IMPATIENT,
      PORTAL_LOGIN_WEBHOOK_URL: `${receiver.url}/codes`,
      PORTAL_LOGIN_WEBHOOK_SECRET: receiver.secret,
    },
  });
  for (const name of ['Ada', 'Grace', 'Flooded']) await service.app.users.add('operator', name, ADMIN);
});

after(async () => {
  await postgres?.thaw();
  await service?.close();
  receiver?.close();
  await postgres?.close();
});

beforeEach(async () => {
  await sql(databaseUrl, 'DELETE FROM login_codes');
  receiver.received.length = 0;
  receiver.respondWith(200);
});

/** An address of this machine that nobody has come from yet, so that no limit knows it. */
function newAddress(): string {
  addresses += 1;
  return `127.0.${9 + Math.floor(addresses / 250)}.${(addresses % 250) + 1}`;
}

function post(path: string, body: unknown, question: TestRequest = {}): Promise<TestResponse> {
  return sendRequest(service.url, path, { method: 'POST', body: JSON.stringify(body), ...question });
}

function request(username: string, from: string): Promise<TestResponse> {
  return post(REQUEST, { username }, { from });
}

function verify(code: string, from: string, headers: Record<string, string> = {}): Promise<TestResponse> {
  return post(VERIFY, { code }, { from, headers });
}

/** Messages with codes that were asked for from there: those of a test before may still be coming. */
function messagesFor(from: string): readonly ReceivedMessage[] {
  return receiver.received.filter((message) => messageData(message)['address'] === from);
}

/** Asks for a code and gives it as the receiver got it. */
async function codeFor(username: string, from: string): Promise<string> {
  const before1 = messagesFor(from).length;
  assert.equal((await request(username, from)).status, 202);
  await waitFor('the message', () => messagesFor(from).length > before1);
  return String(messageData(messagesFor(from).at(-1))['code']);
}

/** Until every message that is under way has come, and a slot longer for one that should not. */
async function messages(count: number, from: string): Promise<number> {
  await waitFor(`${count} messages`, () => messagesFor(from).length >= count);
  await new Promise((resolve) => setTimeout(resolve, SLOT_MS));
  return messagesFor(from).length;
}

test('from the name to the cookie', async () => {
  const from = newAddress();
  const asked = await request('aDA', from);
  assert.equal(asked.status, 202);
  assert.deepEqual(asked.json, { message: 'If this user exists, a code is on its way.' });
  assert.equal(asked.headers['set-cookie'], undefined);
  await messages(1, from);

  const [message] = messagesFor(from);
  assert.ok(message);
  const { headers, body } = message;
  assert.equal(
    headers['webhook-signature'],
    webhookSignature(webhookKey(receiver.secret), {
      id: String(headers['webhook-id']),
      timestamp: Number(headers['webhook-timestamp']),
      body,
    }),
  );
  const { type, data, text } = JSON.parse(body) as {
    type: string;
    data: Record<string, string>;
    text: string;
  };
  assert.equal(type, 'login_code.created');
  assert.deepEqual(
    { ...data, code: '', expires_at: '' },
    { username: 'Ada', code: '', address: from, expires_at: '' },
  );
  const { code = '', expires_at: expiresAt = '' } = data;
  assert.match(code, /^[2-9A-HJ-NP-Za-km-np-z]{12}$/);
  assert.ok(text.includes(code));
  const [stored] = await sql(
    databaseUrl,
    `SELECT login_codes::text AS row, expires_at, expires_at <= now() + interval '10 minutes' AS soon FROM login_codes`,
  );
  assert.ok(!String(stored?.['row']).includes(code), 'only a hash is stored');
  assert.ok(stored?.['soon']);
  assert.equal(new Date(stored['expires_at'] as Date).toISOString(), expiresAt);

  const entered = await verify(` ${code}\n`, from);
  assert.equal(entered.status, 200);
  assert.equal(entered.headers['cache-control'], 'private, no-store');
  const [cookie = '', ...more] = entered.headers['set-cookie'] ?? [];
  assert.deepEqual(more, []);
  assert.match(cookie, /^psession=[\w-]{43}; Path=\/; Expires=[^;]+; HttpOnly; Secure; SameSite=Lax$/);
  const [pair = ''] = cookie.split(';');
  const me = await sendRequest(service.url, '/v1/users/me', { cookie: pair });
  assert.deepEqual(me.json, entered.json);
  assert.equal(me.json['username'], 'Ada');
  const { json } = await sendRequest(service.url, '/v1/users/me/sessions', { cookie: pair });
  assert.equal((json['sessions'] as { created_by: string }[])[0]?.created_by, 'code');
  assert.ok(service.logged.every((line) => !line.includes(code) && !line.includes(pair.slice(9))));
});

describe('a code is good', () => {
  test('once, also when ten come at once', async () => {
    const from = newAddress();
    const code = await codeFor('Ada', from);
    const replies = await Promise.all(Array.from({ length: 10 }, () => verify(code, from)));
    assert.deepEqual(replies.map(({ status }) => status).toSorted(), [
      200,
      ...Array.from({ length: 9 }, () => 401),
    ]);
  });

  test('for ten minutes', async () => {
    const from = newAddress();
    const code = await codeFor('Ada', from);
    await sql(databaseUrl, 'UPDATE login_codes SET expires_at = now()');
    assert.equal((await verify(code, from)).status, 401);
  });

  test('from the address that asked, and from no other', async () => {
    const from = newAddress();
    const code = await codeFor('Ada', from);
    assert.equal((await verify(code, newAddress())).status, 401);
    assert.equal((await verify(code, from)).status, 200);
  });

  test('from any address, when it was made at the machine', async () => {
    const { id } = await service.app.users.named('Grace');
    const { code } = await service.app.signIn.make(id, 'command');
    const reply = await verify(code, newAddress());
    assert.deepEqual([reply.status, reply.json['username']], [200, 'Grace']);
  });

  test('in its own case of letters', async () => {
    const { id } = await service.app.users.named('Grace');
    let { code } = await service.app.signIn.make(id, 'command');
    while (!/[a-z]/.test(code)) ({ code } = await service.app.signIn.make(id, 'command'));
    const from = newAddress();
    assert.equal((await verify(code.toUpperCase(), from)).status, 401);
    assert.equal((await verify(code, from)).status, 200);
  });

  test('not at the bidding of another site, which would sign somebody in as somebody else', async () => {
    const from = newAddress();
    const code = await codeFor('Ada', from);
    for (const headers of [{ 'Sec-Fetch-Site': 'cross-site' }, { Origin: 'https://elsewhere.example' }]) {
      const refused = await verify(code, from, headers);
      assert.deepEqual([refused.status, refused.headers['set-cookie']], [403, undefined]);
    }
    assert.equal((await verify(code, from)).status, 200);
  });

  test('only for who is still there, with the permission of this moment', async () => {
    const from = newAddress();
    await service.app.users.add('operator', 'Leaving', ADMIN);
    const first = await codeFor('Leaving', from);
    const second = await codeFor('Leaving', from);
    await service.app.users.setPermission('operator', 'Leaving', 0);
    assert.equal((await verify(first, from)).json['permission'], 0);
    await sql(databaseUrl, `DELETE FROM users WHERE name = 'Leaving'`);
    assert.equal((await verify(second, from)).status, 401);
  });
});

/** Wrong codes from `from` until it is over its limit, and some more. */
async function tryWrongly(from: string): Promise<void> {
  const replies = await Promise.all(
    Array.from({ length: TRIES_A_MINUTE + 20 }, (_, turn) =>
      verify(turn % 2 === 0 ? newCode() : newLongCode(), from),
    ),
  );
  for (const { status } of replies) assert.equal(status, 401);
}

describe('a right code is taken, however many wrong ones came before', () => {
  test('from its own address, where somebody else has tried far too often', async () => {
    const from = newAddress();
    const code = await codeFor('Ada', from);
    await tryWrongly(from);
    assert.equal((await verify(code, from)).status, 200);
  });

  test('from there also one of the command line, and one that is asked for only then', async () => {
    const from = newAddress();
    await tryWrongly(from);
    const { id } = await service.app.users.named('Grace');
    const { code } = await service.app.signIn.make(id, 'command');
    assert.equal(code.length, 16);
    assert.equal((await verify(code, from)).json['username'], 'Grace');
    assert.equal((await verify(await codeFor('Ada', from), from)).status, 200);
  });

  test('at a fresh address, when all together have tried far too often', async () => {
    const other = newAddress();
    const code = await codeFor('Ada', other);
    const { id } = await service.app.users.named('Grace');
    const { code: long } = await service.app.signIn.make(id, 'command');
    await Promise.all(Array.from({ length: 16 }, () => tryWrongly(newAddress())));
    assert.equal((await verify(code, other)).status, 200);
    assert.equal((await verify(long, newAddress())).status, 200);
  });

  test('while an address that tries too often goes on, and costs one statement a second', async () => {
    const [from, other] = [newAddress(), newAddress()];
    const [code, theirs] = [await codeFor('Ada', from), await codeFor('Grace', other)];
    await tryWrongly(from);
    const before1 = await transactions();
    const wrong = Array.from({ length: 500 }, () => verify(newCode(), from));
    assert.equal((await verify(code, from)).status, 200);
    assert.equal((await verify(theirs, other)).status, 200);
    for (const { status } of await Promise.all(wrong)) assert.equal(status, 401);
    const after1 = await transactions();
    assert.ok(after1 - before1 <= 60, `${after1 - before1} transactions`);
  });

  test('and what could not be a code asks nothing', async () => {
    const from = newAddress();
    const before1 = await transactions();
    for (const { status } of await Promise.all(
      Array.from({ length: 200 }, (_, turn) => verify(`rubbish ${turn}`, from)),
    ))
      assert.equal(status, 401);
    assert.ok((await transactions()) - before1 <= 30);
  });
});

/** Of the database so far; PostgreSQL counts them late. */
async function transactions(): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const [row] = await sql(
    databaseUrl,
    'SELECT xact_commit + xact_rollback AS count FROM pg_stat_database WHERE datname = current_database()',
  );
  return Number(row?.['count']);
}

async function openCodes(): Promise<number> {
  return (await sql(databaseUrl, 'SELECT FROM login_codes')).length;
}

describe('of those that an address asked for the newest count', () => {
  test('five by one name; the first of six is worth nothing, the sixth is', async () => {
    const from = newAddress();
    const codes: string[] = [];
    for (let turn = 0; turn <= MOST_OPEN_OF_ADDRESS; turn += 1) codes.push(await codeFor('Ada', from));
    assert.equal(await openCodes(), MOST_OPEN_OF_ADDRESS);
    assert.equal((await verify(codes[0] ?? '', from)).status, 401);
    assert.equal((await verify(codes[1] ?? '', from)).status, 200);
    assert.equal((await verify(codes.at(-1) ?? '', from)).status, 200);
  });

  test('names that nobody has take nothing from one that somebody has, however many', async () => {
    const from = newAddress();
    const code = await codeFor('Ada', from);
    for (const { status } of await Promise.all(
      Array.from({ length: TRIES_A_MINUTE + 30 }, (_, turn) => request(`nobody-${turn}`, from)),
    ))
      assert.equal(status, 202);
    const another = await codeFor('Grace', from);
    assert.equal((await verify(code, from)).status, 200);
    assert.equal((await verify(another, from)).status, 200);
  });

  test('however many addresses ask by the same name, the next one gets a code and keeps it', async () => {
    const own = newAddress();
    const code = await codeFor('Flooded', own);
    await Promise.all(
      Array.from({ length: 30 }, () => newAddress()).flatMap((from) => [
        request('Flooded', from),
        request('Flooded', from),
      ]),
    );
    assert.equal((await verify(code, own)).status, 200);
    const from = newAddress();
    assert.equal((await verify(await codeFor('Flooded', from), from)).status, 200);
  });

  test('one name so often a minute: somebody else may be asked for all the same', async () => {
    const from = newAddress();
    for (let turn = 0; turn < REQUESTS_OF_NAME_A_MINUTE; turn += 1) {
      assert.equal((await request(turn % 2 === 0 ? 'nobody-at-all' : 'NOBODY-at-all', from)).status, 202);
    }
    const refused = await request('nobody-at-all', from);
    assert.equal(refused.status, 429);
    assert.ok(refused.headers['retry-after']);
    assert.equal((await request('Ada', from)).status, 202);
  });
});

describe('nobody learns who exists', () => {
  test('the answer has the same bytes, and does not wait for the message', async () => {
    receiver.respondWith(undefined);
    const [from, other] = [newAddress(), newAddress()];
    const unknown = await request('Bob', other);
    const known = await request('Ada', from);
    assert.equal(known.bytes, unknown.bytes);
    assert.deepEqual([await messages(1, from), messagesFor(other).length], [1, 0]);
  });

  test('both leave a row behind, which nobody can tell apart by using it', async () => {
    const [from, other] = [newAddress(), newAddress()];
    await request('Ada', from);
    await request('Bob', other);
    const rows = await sql(databaseUrl, 'SELECT user_id IS NULL AS decoy FROM login_codes ORDER BY id');
    assert.deepEqual(rows, [{ decoy: false }, { decoy: true }]);
    const [known, unknown] = [await verify(newCode(), from), await verify(newCode(), other)];
    assert.equal(known.bytes, unknown.bytes);
  });

  test('nor does anybody while the database is frozen: both are told that it cannot be done now', async () => {
    await postgres.freeze();
    try {
      const known = await post(REQUEST, { username: 'Ada' }, { from: newAddress() });
      const unknown = await post(REQUEST, { username: 'Bob' }, { from: newAddress() });
      assert.equal(known.status, 503);
      assert.equal(known.bytes, unknown.bytes);
      assert.equal((await verify(newCode(), newAddress())).status, 503);
    } finally {
      await postgres.thaw();
    }
    await waitFor('the database again', async () => {
      return (await sendRequest(service.url, '/health')).json['database'] === true;
    });
  });
});

test('what is not understood is told by field and rule, and asks nothing of anybody', async () => {
  const from = newAddress();
  for (const [path, body, sentence] of [
    [REQUEST, {}, 'username must be a text'],
    [REQUEST, { username: 7 }, 'username must be a text'],
    [REQUEST, { username: 'ab' }, 'username must be at least 3 characters'],
    [REQUEST, [], 'username must be a text'],
    [VERIFY, null, 'code must be a text'],
    [VERIFY, { code: ['x'] }, 'code must be a text'],
  ] as const) {
    const reply = await post(path, body, { from });
    assert.deepEqual([reply.status, reply.json['error']], [400, sentence]);
  }
  for (const rawBody of ['{', '"__proto__"', '{"__proto__":{"username":"Ada"}}', '']) {
    const headers = { 'Content-Type': 'application/json', 'Content-Length': String(rawBody.length) };
    const reply = await sendRequest(service.url, REQUEST, { method: 'POST', rawBody, headers, from });
    assert.equal(reply.status, 400, rawBody);
  }
  assert.deepEqual(await sql(databaseUrl, 'SELECT FROM login_codes'), []);
});

test('a message that is refused is sent again, with the same id', async () => {
  const from = newAddress();
  receiver.respondWith(500);
  await request('Ada', from);
  await waitFor('a message', () => messagesFor(from).length > 0);
  receiver.respondWith(200);
  assert.equal(await messages(2, from), 2);
  const ids = messagesFor(from).map(({ headers }) => headers['webhook-id']);
  assert.equal(new Set(ids).size, 1);
});

test('where no codes can be delivered none is promised to any name, and nothing is asked of the database', async (t) => {
  const without = await startService({ databaseUrl });
  t.after(() => without.close());
  const [known, unknown] = await Promise.all(
    ['Ada', 'Bob'].map((username) =>
      sendRequest(without.url, REQUEST, {
        method: 'POST',
        body: JSON.stringify({ username }),
        from: newAddress(),
      }),
    ),
  );
  assert.equal(known?.status, 202);
  assert.equal(known.bytes, unknown?.bytes);
  assert.doesNotMatch(known.body, /on its way/);
  assert.deepEqual(await sql(databaseUrl, 'SELECT user_id FROM login_codes'), []);
});
