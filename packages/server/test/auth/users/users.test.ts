import assert from 'node:assert/strict';
import fc from 'fast-check';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { startPostgres, type PostgresServer } from 'portal-test-kit';
import { PortalError, type ErrorType } from '../../../src/errors.js';
import { createUserStore } from '../../../src/auth/users/user-store.js';
import { createUsers, mayActOn, type Users } from '../../../src/auth/users/users.js';
import type { Permission } from '../../../src/auth/permission.js';
import { migrate } from '../../../src/infra/migrate.js';
import { createDatabase, type Database } from '../../../src/infra/postgres.js';

let postgres: PostgresServer;
let database: Database;
let users: Users;
const changed: number[] = [];
const ended: string[] = [];

before(async () => {
  postgres = await startPostgres();
  database = createDatabase({
    url: await postgres.createDatabase(),
    poolSize: 2,
    connectTimeoutMs: 10_000,
    onError: () => undefined,
  });
  await migrate(database);
  users = createUsers({
    store: createUserStore(database),
    onPermissionChange: (id) => {
      changed.push(id);
      return Promise.resolve();
    },
    onSessionsEnded: (hashes) => {
      ended.push(...hashes);
      return Promise.resolve();
    },
  });
});

after(async () => {
  await database?.close();
  await postgres?.close();
});

function rejectsWith(kind: ErrorType, message: RegExp | string) {
  return (error: unknown) => {
    assert.ok(error instanceof PortalError);
    assert.equal(error.type, kind);
    if (typeof message === 'string') assert.equal(error.message, message);
    else assert.match(error.message, message);
    return true;
  };
}

test('the first user is an Owner, and there is a first one only once', async () => {
  const first = await users.addFirst('admin');
  assert.equal(first?.permission, 3);
  assert.equal(await users.addFirst('admin'), undefined);
  assert.equal(await users.addFirst('somebody'), undefined);
});

describe('names', () => {
  const bad: readonly [name: string, rule: string][] = [
    ['', 'username must be at least 3 characters'],
    ['ab', 'username must be at least 3 characters'],
    ['a'.repeat(33), 'username must be at most 32 characters'],
    ['a b', 'username must be letters, digits, ".", "_" and "-" only'],
    ['ädä', 'username must be letters, digits, ".", "_" and "-" only'],
    ['abc\n', 'username must be letters, digits, ".", "_" and "-" only'],
    ["a'--", 'username must be letters, digits, ".", "_" and "-" only'],
  ];
  for (const [name, rule] of bad) {
    test(JSON.stringify(name), async () => {
      await assert.rejects(users.add('operator', name, 0), rejectsWith('badRequest', rule));
    });
  }

  test('whatever is accepted is kept as it is, and found in any case', async () => {
    for (const name of ['abc', 'A.b_c-9', 'x'.repeat(32)]) {
      assert.equal((await users.add('operator', name, 0)).name, name);
      assert.equal((await users.named(name.toUpperCase())).name, name);
    }
  });

  test('are taken whatever their case, also when two come at once', async () => {
    await users.add('operator', 'Grace', 0);
    await assert.rejects(
      users.add('operator', 'gRACE', 0),
      rejectsWith('conflict', /a user named gRACE already/),
    );
    const both = await Promise.allSettled(['Twin', 'tWIN'].map((name) => users.add('operator', name, 0)));
    assert.deepEqual(both.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected']);
  });
});

describe('who may act on whom', () => {
  const level = fc.constantFrom<Permission>(0, 1, 2, 3);

  test('on levels below their own, and Owners also on Owners; whoever runs the machine on all', () => {
    fc.assert(
      fc.property(level, level, (actor, target) => {
        assert.equal(mayActOn(actor, target), target < actor || (actor === 3 && target === 3));
        assert.ok(mayActOn('operator', target));
      }),
    );
  });

  test('an Admin can neither touch an Admin nor make one', async () => {
    await users.add('operator', 'other-admin', 2);
    await users.add('operator', 'moderator', 1);
    const notAllowed = rejectsWith('notAllowed', /permission Admin may not act on Admin/);
    await assert.rejects(users.setPermission(2, 'other-admin', 0), notAllowed);
    await assert.rejects(users.setPermission(2, 'moderator', 2), notAllowed);
    await assert.rejects(users.add(2, 'third-admin', 2), notAllowed);
    assert.equal((await users.setPermission(2, 'moderator', 0)).permission, 0);
  });
});

test('a change of permission is told before it is reported as done', async () => {
  const { id } = await users.add('operator', 'changing', 0);
  changed.length = 0;
  assert.equal((await users.setPermission('operator', 'CHANGING', 2)).permission, 2);
  assert.deepEqual(changed, [id]);
  assert.equal((await users.named('changing')).permission, 2);
});

/** A session of a user, as it is stored; gives its hash. */
async function addSession(userId: number): Promise<string> {
  const hash = randomBytes(32);
  await database.rows(
    `INSERT INTO sessions (user_id, token_hash, token_suffix, made_by, expires_at)
     VALUES ($1, $2, 'abcdef', 'command', now() + interval '1 day')`,
    [userId, hash],
  );
  return hash.toString('hex');
}

describe('taking somebody away', () => {
  const lastOwner = rejectsWith(
    'conflict',
    /is the last Owner who can sign in; make somebody else one first/,
  );

  test('somebody disabled or removed is told of, and an Admin may do that to levels below alone', async () => {
    const { id } = await users.add('operator', 'leaving', 2);
    const notAllowed = rejectsWith('notAllowed', /permission Admin may not act on Admin/);
    await assert.rejects(users.disable(2, 'leaving'), notAllowed);
    await assert.rejects(users.enable(2, 'leaving'), notAllowed);
    await assert.rejects(users.remove(2, 'leaving'), notAllowed);
    const hashes = [await addSession(id), await addSession(id)];
    await users.disable(3, 'LEAVING');
    assert.ok((await users.named('leaving')).disabledAt);
    assert.deepEqual(ended.toSorted(), hashes.toSorted());
    await users.disable(3, 'leaving');
    await users.enable(3, 'leaving');
    assert.equal((await users.named('leaving')).disabledAt, undefined);
    hashes.push(await addSession(id));
    await users.remove(3, 'leaving');
    assert.deepEqual(ended.slice(-1), hashes.slice(-1));
    await assert.rejects(users.named('leaving'), rejectsWith('notFound', /leaving/));
    const told = await database.rows<{ action: string }>(
      `SELECT action FROM audit WHERE subject = 'leaving' ORDER BY action`,
    );
    assert.deepEqual(
      told.map(({ action }) => action),
      ['session_revoked', 'session_revoked', 'user_added', 'user_disabled', 'user_enabled', 'user_removed'],
      'once each, and the name stays',
    );
  });

  test('the last Owner who can sign in stays, also where another one is disabled', async () => {
    await assert.rejects(users.disable('operator', 'admin'), lastOwner);
    await assert.rejects(users.remove('operator', 'admin'), lastOwner);
    await users.add('operator', 'second-owner', 3);
    await users.disable('operator', 'second-owner');
    await assert.rejects(users.remove('operator', 'admin'), lastOwner);
    await users.remove('operator', 'second-owner');
    assert.equal((await users.named('admin')).disabledAt, undefined);
  });

  test('nor do two at once take away the last two', async () => {
    await users.add('operator', 'twin-owner', 3);
    const both = await Promise.allSettled([
      users.remove('operator', 'twin-owner'),
      users.disable('operator', 'admin'),
    ]);
    assert.deepEqual(both.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected']);
    const [row] = await database.rows<{ left: number }>(
      'SELECT count(*)::integer AS left FROM users WHERE permission = 3 AND disabled_at IS NULL',
    );
    assert.equal(row?.left, 1);
  });
});

test('who is not there is not there', async () => {
  await assert.rejects(users.named('nobody'), rejectsWith('notFound', /no user named "nobody"/));
  await assert.rejects(users.setPermission('operator', 'nobody', 1), rejectsWith('notFound', /nobody/));
});
