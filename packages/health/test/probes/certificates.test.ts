/** A certificate that is not accepted (S-17) is named as such, with its store; one that is accepted is no matter. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { createSecureContext, TLSSocket, type SecureContext } from 'node:tls';
import { Redis } from 'ioredis';
import pg from 'pg';
import { startPostgres, startRedis, type PostgresServer, type RedisServer } from 'portal-test-kit';
import postgres from 'postgres';
import { createClient } from 'redis';
import { createPostgresProbe } from '../../src/probes/postgres/postgres.js';
import { createRedisProbe } from '../../src/probes/redis/redis.js';
import type { Probe } from '../../src/types.js';
import { runProbe } from './run-probe.js';
import { makeCertificates, type TestCertificate } from './certificates.js';

/** Whether a busy machine is slow is no question here. */
const SLOW_MS = 60_000;
const [YEAR_20, YEAR_21, YEAR_90, YEAR_99] = ['20', '21', '90', '99'].map(
  (year) => `20${year}0101000000Z`,
) as [string, string, string, string];
const HERE = 'IP:127.0.0.1,DNS:localhost';

let server: PostgresServer;
let redis: RedisServer;
let database: URL;
let certificates: Readonly<Record<'good' | 'past' | 'future' | 'elsewhere', TestCertificate>>;

before(async () => {
  [server, redis, certificates] = await Promise.all([
    startPostgres(),
    startRedis(),
    makeCertificates({
      good: { hosts: HERE, from: YEAR_20, until: YEAR_90 },
      past: { hosts: HERE, from: YEAR_20, until: YEAR_21 },
      future: { hosts: HERE, from: YEAR_90, until: YEAR_99 },
      elsewhere: { hosts: 'DNS:elsewhere.invalid', from: YEAR_20, until: YEAR_90 },
    }),
  ]);
  database = new URL(await server.createDatabase());
});

after(() => Promise.all([server.close(), redis.close()]));

/** Stands before a server and speaks TLS for it: at once, or when a client of Postgres asks for it. */
async function startTls(certificate: TestCertificate, to: number, whenAsked: boolean): Promise<Server> {
  const secureContext = createSecureContext({ key: certificate.key, cert: certificate.cert });
  const front = createServer((socket) => {
    socket.on('error', () => undefined);
    if (!whenAsked) passOn(socket, secureContext, to);
    else
      socket.once('data', () => {
        passOn(socket, secureContext, to);
        socket.write('S');
      });
  });
  front.listen(0, '127.0.0.1');
  await once(front, 'listening');
  return front;
}

function passOn(socket: Socket, secureContext: SecureContext, port: number): void {
  const secure = new TLSSocket(socket, { isServer: true, secureContext });
  const behind = new (socket.constructor as new () => Socket)().connect(port, '127.0.0.1');
  const end = (): void => {
    secure.destroy();
    behind.destroy();
  };
  for (const side of [secure, behind]) side.on('error', end).on('close', end);
  secure.pipe(behind).pipe(secure);
}

/** Probes of both stores by every driver, which trust `ssl` and come by TLS. */
function probesOf(
  ports: { readonly database: number; readonly cache: number },
  ssl: Ssl,
): readonly Probe<unknown>[] {
  const { username: user, password, pathname } = database;
  const options = { host: '127.0.0.1', port: ports.database, database: pathname.slice(1) };
  const socket = { host: '127.0.0.1', port: ports.cache, tls: true as const, ...ssl };
  return [
    createPostgresProbe({ pool: new pg.Pool({ ...options, user, password, ssl }), slowMs: SLOW_MS }),
    createPostgresProbe({
      pool: postgres({ ...options, username: user, password, ssl }),
      postgres,
      slowMs: SLOW_MS,
    }),
    createRedisProbe({
      client: new Redis({ host: '127.0.0.1', port: ports.cache, tls: { ...ssl }, lazyConnect: true }),
      slowMs: SLOW_MS,
    }),
    createRedisProbe({ client: createClient({ socket }), slowMs: SLOW_MS }),
  ];
}

interface Ssl {
  readonly ca?: string;
  readonly rejectUnauthorized?: boolean;
}

for (const [name, isTrusted, code] of [
  ['good', false, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ['past', true, 'CERT_HAS_EXPIRED'],
  ['future', true, 'CERT_NOT_YET_VALID'],
  ['elsewhere', true, 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ['good', true, undefined],
  ['past', 'no matter', undefined],
] as const) {
  test(`${name}, trusted: ${isTrusted}: ${code ?? 'up'}`, async () => {
    const fronts = await Promise.all([
      startTls(certificates[name], server.port, true),
      startTls(certificates[name], redis.port, false),
    ]);
    const [ofDatabase, ofCache] = fronts.map((front) => (front.address() as AddressInfo).port);
    const ssl =
      isTrusted === 'no matter'
        ? { rejectUnauthorized: false }
        : isTrusted
          ? { ca: certificates[name].cert }
          : {};
    try {
      for (const [index, probe] of probesOf(
        { database: ofDatabase ?? 0, cache: ofCache ?? 0 },
        ssl,
      ).entries()) {
        const { state, problems, cause, connection } = await runProbe(probe);
        // postgres.js keeps its secured socket to itself, and an end that nobody checks matters to nobody.
        const isSeen = state === 'up' && isTrusted === true && index !== 1;
        assert.equal(connection?.certificateEndsAtMs ?? null, isSeen ? Date.UTC(2090, 0, 1) : null);
        const problem = index < 2 ? 'DATABASE_CERTIFICATE' : 'CACHE_CERTIFICATE';
        const expected = code === undefined ? ['up', undefined] : ['down', problem, code];
        assert.deepEqual(
          [state, ...(problems.length > 0 ? problems : [undefined]), ...(cause ? [cause.code] : [])],
          expected,
        );
      }
    } finally {
      for (const front of fronts) front.close();
    }
  });
}
