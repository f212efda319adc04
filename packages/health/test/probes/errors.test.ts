import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { causeOf } from '../../src/probes/foreign.js';
import { postgresProblem } from '../../src/probes/postgres-errors.js';
import { redisCause, redisProblem } from '../../src/probes/redis-errors.js';
import { PROBLEMS } from '../../src/problems.js';

function errorOf(message: string, code?: string): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code });
}

describe('an error of Postgres', () => {
  // What servers and poolers send beyond what the real server in postgres.test.ts is made to send.
  const rows: readonly (readonly [string, string | undefined, string])[] = [
    ['no pg_hba.conf entry for host "10.0.0.1"', '28000', 'DATABASE_REFUSED_LOGIN'],
    ['permission denied for database "app"', '42501', 'DATABASE_REFUSED_LOGIN'],
    [
      'SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string',
      undefined,
      'DATABASE_REFUSED_LOGIN',
    ],
    ['Password must be a string', undefined, 'DATABASE_REFUSED_LOGIN'],
    ['SASL authentication failed', '08P01', 'DATABASE_REFUSED_LOGIN'],
    ['no such database: app', '08P01', 'DATABASE_REFUSED_LOGIN'],
    ['too many connections for role "app"', '53300', 'DATABASE_TOO_MANY_CONNECTIONS'],
    ['no more connections allowed (max_client_conn)', '08P01', 'DATABASE_TOO_MANY_CONNECTIONS'],
    ['sorry, too many clients already', undefined, 'DATABASE_TOO_MANY_CONNECTIONS'],
    ['the database system is shutting down', '57P03', 'DATABASE_STARTING'],
    ['terminating connection due to administrator command', '57P01', 'DATABASE_STARTING'],
    ['terminating connection because of crash of another server process', '57P02', 'DATABASE_STARTING'],
    ['Connection terminated unexpectedly', undefined, 'DATABASE_UNREACHABLE'],
    ['connect ENOENT /run/.s.PGSQL.5432', 'ENOENT', 'DATABASE_UNREACHABLE'],
    ['getaddrinfo EAI_AGAIN db', 'EAI_AGAIN', 'DATABASE_UNREACHABLE'],
    ['connect EMFILE', 'EMFILE', 'DATABASE_UNREACHABLE'],
    ['connect ETIMEDOUT', 'ETIMEDOUT', 'DATABASE_TIMEOUT'],
    ['The server does not support SSL connections', undefined, 'DATABASE_FAILED'],
    ['certificate has expired', 'CERT_HAS_EXPIRED', 'DATABASE_FAILED'],
    ['out of memory', '53200', 'DATABASE_FAILED'],
  ];
  for (const [message, sqlstate, problem] of rows) {
    test(`${sqlstate ?? 'without a code'}, "${message}": ${problem}`, () => {
      assert.equal(postgresProblem(errorOf(message, sqlstate)), problem);
    });
  }

  test('of several addresses tried in turn is told by its code', () => {
    const error = Object.assign(new AggregateError([errorOf('a', 'ECONNREFUSED')], ''), {
      code: 'ECONNREFUSED',
    });
    assert.equal(postgresProblem(error), 'DATABASE_UNREACHABLE');
  });
});

describe('an error of Redis', () => {
  const rows: readonly (readonly [string, string | undefined, string])[] = [
    ['DENIED Redis is running in protected mode', undefined, 'CACHE_REFUSED_LOGIN'],
    ['ERR invalid password', undefined, 'CACHE_REFUSED_LOGIN'],
    ['ERR Client sent AUTH, but no password is set', undefined, 'CACHE_REFUSED_LOGIN'],
    ['ERR max number of clients + cluster connections reached', undefined, 'CACHE_TOO_MANY_CONNECTIONS'],
    ['connect EMFILE', 'EMFILE', 'CACHE_UNREACHABLE'],
    ['LOADING Redis is loading the dataset in memory', undefined, 'CACHE_LOADING'],
    ['Connection is closed.', undefined, 'CACHE_UNREACHABLE'],
    ['Socket closed unexpectedly', undefined, 'CACHE_UNREACHABLE'],
    ['All sentinels are unreachable and retry is disabled.', undefined, 'CACHE_UNREACHABLE'],
    ['connect ECONNREFUSED', 'ECONNREFUSED', 'CACHE_UNREACHABLE'],
    ['connect ETIMEDOUT', 'ETIMEDOUT', 'CACHE_TIMEOUT'],
    ['Connection timeout', undefined, 'CACHE_TIMEOUT'],
    ['ERR unknown command', undefined, 'CACHE_FAILED'],
  ];
  for (const [message, code, problem] of rows) {
    test(`"${message}": ${problem}`, () => {
      assert.equal(redisProblem(errorOf(message, code)), problem);
    });
  }

  test('has the first word of the answer for a code, and the driver’s own where there is one', () => {
    assert.equal(redisCause(errorOf('WRONGPASS invalid')).code, 'WRONGPASS');
    assert.equal(redisCause(errorOf('READ failed', 'EPIPE')).code, 'EPIPE');
    assert.equal(redisCause(errorOf('Socket closed unexpectedly')).code, 'UNKNOWN');
  });
});

test('whatever is thrown becomes a cause whose code is safe to log, and a problem of the catalogue', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.anything(), fc.record({ code: fc.anything(), message: fc.anything() })),
      (thrown) => {
        for (const cause of [causeOf(thrown), redisCause(thrown)]) {
          assert.match(cause.code, /^[A-Za-z0-9_]{1,64}$/);
          assert.ok(cause.message.length <= 1_000);
        }
        assert.ok(postgresProblem(thrown) in PROBLEMS);
        assert.ok(redisProblem(thrown) in PROBLEMS);
      },
    ),
  );
});

test('a code that is none, such as one with a piece of a URL in it, is not taken for one', () => {
  for (const code of ['p@ss', 'a b', '', 'x'.repeat(65), 7, null, 'ss/wo#rd', 'ENOTFOUND\n']) {
    assert.deepEqual(causeOf({ code, message: '' }), { code: 'UNKNOWN', message: '' });
  }
});
