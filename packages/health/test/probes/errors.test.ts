import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { causeOf } from '../../src/unknown.js';
import { postgresProblem } from '../../src/probes/postgres/postgres-errors.js';
import { redisCause, redisProblem } from '../../src/probes/redis/redis-errors.js';
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
    ['getaddrinfo EAI_AGAIN db', 'EAI_AGAIN', 'NAME_LOOKUP'],
    ['getaddrinfo ENOTFOUND db', 'ENOTFOUND', 'NAME_LOOKUP'],
    ['connect EMFILE', 'EMFILE', 'PROCESS_OUT_OF_DESCRIPTORS'],
    ['connect ENFILE', 'ENFILE', 'PROCESS_OUT_OF_DESCRIPTORS'],
    ['connect ENOBUFS', 'ENOBUFS', 'PROCESS_OUT_OF_DESCRIPTORS'],
    ['connect ENOMEM', 'ENOMEM', 'PROCESS_OUT_OF_DESCRIPTORS'],
    ['connect EADDRNOTAVAIL', 'EADDRNOTAVAIL', 'PROCESS_OUT_OF_DESCRIPTORS'],
    ['connect ECONNREFUSED', 'ECONNREFUSED', 'DATABASE_UNREACHABLE'],
    // Poolers: by their words, whatever the code.
    ['server login has been failing, try again later (server_login_retry)', '08P01', 'DATABASE_UNREACHABLE'],
    ['pgbouncer cannot connect to server', '08P01', 'DATABASE_UNREACHABLE'],
    ['query_wait_timeout', '08P01', 'DATABASE_TIMEOUT'],
    ['client_login_timeout', '08P01', 'DATABASE_TIMEOUT'],
    ['unsupported startup parameter: statement_timeout', '08P01', 'DATABASE_FAILED'],
    ['no more connections allowed', '08P01', 'DATABASE_TOO_MANY_CONNECTIONS'],
    // The last failure of a server that PgBouncer has no luck with is told along, whatever it was.
    [
      'server login has been failing, cached error: connect timeout (server_login_retry)',
      '08P01',
      'DATABASE_UNREACHABLE',
    ],
    [
      'server login has been failing, cached error: password authentication failed for user "app"',
      '08P01',
      'DATABASE_REFUSED_LOGIN',
    ],
    ['SSL required', '08P01', 'DATABASE_REFUSED_LOGIN'],
    ['login rejected', '08P01', 'DATABASE_REFUSED_LOGIN'],
    ['database does not allow connections: app', '08P01', 'DATABASE_REFUSED_LOGIN'],
    ['Authentication error, reason: "Wrong password"', 'XX000', 'DATABASE_REFUSED_LOGIN'],
    ["odyssey: c1: route for 'app.app' is not found", '08000', 'DATABASE_REFUSED_LOGIN'],
    ['The endpoint has been disabled. Enable it and retry.', 'XX000', 'DATABASE_REFUSED_LOGIN'],
    ['could not get connection from the pool', '58000', 'DATABASE_UNREACHABLE'],
    ["Couldn't connect to compute node", 'XX000', 'DATABASE_UNREACHABLE'],
    ["can't connect to server", 'XX000', 'DATABASE_UNREACHABLE'],
    ['Unable to establish connection to upstream database', 'XX000', 'DATABASE_UNREACHABLE'],
    ['failed to create a backend connection', 'XX000', 'DATABASE_UNREACHABLE'],
    ['connection to database closed. Check logs', 'XX000', 'DATABASE_UNREACHABLE'],
    ['all backend nodes are down, pgpool requires at least one', 'XX000', 'DATABASE_UNREACHABLE'],
    [
      'max clients reached - in session mode max clients are limited to pool_size',
      'XX000',
      'DATABASE_TOO_MANY_CONNECTIONS',
    ],
    ['odyssey: too many active clients for user', '08006', 'DATABASE_TOO_MANY_CONNECTIONS'],
    ['The pooler is shut down now', '08P01', 'DATABASE_STARTING'],
    ['Timed-out waiting to acquire database connection', '08000', 'DATABASE_TIMEOUT'],
    ['the server rejected it', '08004', 'DATABASE_UNREACHABLE'],
    ['connection failure', '08006', 'DATABASE_UNREACHABLE'],
    ['AllServersDown', '58000', 'DATABASE_UNREACHABLE'],
    ['could not get connection from the pool - AllServersDown', '58000', 'DATABASE_UNREACHABLE'],
    ['Tenant or user not found', 'XX000', 'DATABASE_REFUSED_LOGIN'],
    ['Max client connections reached', 'XX000', 'DATABASE_TOO_MANY_CONNECTIONS'],
    ['failed to connect to server', 'XX000', 'DATABASE_UNREACHABLE'],
    ['odyssey: c1234: failed to get remote server SCRAM keys', 'XX000', 'DATABASE_FAILED'],
    ['cache lookup failed for relation 7', 'XX000', 'DATABASE_FAILED'],
    ['could not extend file', '53100', 'DATABASE_DISK_FULL'],
    ['connect ETIMEDOUT', 'ETIMEDOUT', 'DATABASE_TIMEOUT'],
    ['The server does not support SSL connections', undefined, 'DATABASE_FAILED'],
    ['certificate has expired', 'CERT_HAS_EXPIRED', 'DATABASE_CERTIFICATE'],
    ['certificate is not yet valid', 'CERT_NOT_YET_VALID', 'DATABASE_CERTIFICATE'],
    ['self-signed certificate', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'DATABASE_CERTIFICATE'],
    ['self-signed certificate in chain', 'SELF_SIGNED_CERT_IN_CHAIN', 'DATABASE_CERTIFICATE'],
    ['unable to get issuer', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'DATABASE_CERTIFICATE'],
    ['unable to verify', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'DATABASE_CERTIFICATE'],
    ['Hostname/IP does not match', 'ERR_TLS_CERT_ALTNAME_INVALID', 'DATABASE_CERTIFICATE'],
    ['alert unknown ca', 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'DATABASE_REFUSED_LOGIN'],
    ['certificate required', 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'DATABASE_REFUSED_LOGIN'],
    ['wrong version number', 'ERR_SSL_WRONG_VERSION_NUMBER', 'DATABASE_FAILED'],
    ['out of memory', '53200', 'DATABASE_OUT_OF_MEMORY'],
    ['a code that is a word of every object', 'toString', 'DATABASE_FAILED'],
  ];
  for (const [message, sqlstate, problem] of rows) {
    test(`${sqlstate ?? 'without a code'}, "${message}": ${problem}`, () => {
      assert.equal(postgresProblem(errorOf(message, sqlstate)), problem);
    });
  }

  test('of several addresses is our own only when every one is', () => {
    const all = (...codes: string[]): Error =>
      Object.assign(
        new AggregateError(
          codes.map((code) => errorOf('', code)),
          '',
        ),
        { code: codes[0] },
      );
    assert.equal(postgresProblem(all('EADDRNOTAVAIL', 'EADDRNOTAVAIL')), 'PROCESS_OUT_OF_DESCRIPTORS');
    assert.equal(postgresProblem(all('ECONNREFUSED', 'EADDRNOTAVAIL')), 'DATABASE_UNREACHABLE');
    assert.equal(postgresProblem(all('EADDRNOTAVAIL', 'ECONNREFUSED')), 'DATABASE_UNREACHABLE');
  });

  test('that wraps another is told by it', () => {
    const wrapped = new Error('fetch failed', { cause: errorOf('getaddrinfo EAI_AGAIN', 'EAI_AGAIN') });
    assert.equal(postgresProblem(wrapped), 'NAME_LOOKUP');
  });

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
    ['connect EMFILE', 'EMFILE', 'PROCESS_OUT_OF_DESCRIPTORS'],
    ['getaddrinfo ENOTFOUND', 'ENOTFOUND', 'NAME_LOOKUP'],
    ['self-signed certificate', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'CACHE_CERTIFICATE'],
    ['BUSY Redis is busy running a script.', undefined, 'CACHE_TIMEOUT'],
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
