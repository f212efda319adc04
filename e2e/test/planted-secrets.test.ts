/**
 * Secrets wherever one can stand: in URLs, logins, statements, arguments, names, keys and values. Nobody reads a piece of one,
 * whoever asks, whatever is broken; and the name of a role only who may read reasons.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import pg from 'pg';
import { createHealth, type Health } from 'portal-health';
import {
  startAlertmanager,
  startReceiver,
  waitFor,
  type Alertmanager,
  type TestReceiver,
} from 'portal-test-kit';
import {
  ADDRESS,
  CANARY,
  databaseUrl,
  MAX_CONNECTIONS,
  PASSWORD,
  ROLE,
  startPlantedStores,
  TABLE,
  type PlantedStores,
} from './planted-stores.js';
import { answersOf, assertClean, doctor, filesIn, read, type Surface } from './planted-surfaces.js';
import {
  newAdministrator,
  runPortalCommand,
  startServiceProcess,
  WITHOUT_LIMITS,
  type ServiceProcess,
} from './service-process.js';

/** A key to somebody's account, that got into the name of an application. */
const APPLICATION = `sk_live_${CANARY}`;
const LONG = { timeoutMs: 90_000 };

let stores: PlantedStores;
let receiver: TestReceiver;
let alertmanager: Alertmanager;
let folder: string;
let service: ServiceProcess;
let admin: string;
let token: string;
let pool: pg.Pool;
let client: Redis;
let health: Health;
let library: Awaited<ReturnType<Health['listen']>>;
const libraryLog: string[] = [];

before(async () => {
  [stores, receiver, alertmanager] = await Promise.all([
    startPlantedStores(),
    startReceiver(),
    startAlertmanager({
      configuration: JSON.stringify({ route: { receiver: 'none' }, receivers: [{ name: 'none' }] }),
    }),
  ]);
  folder = await mkdtemp(join(tmpdir(), 'portal-secrets-'));
  service = await startServiceProcess(folder, {
    ...stores.urls,
    ...alertSettings(),
    ...WITHOUT_LIMITS,
    PORTAL_REFUSALS_PER_MINUTE: '0',
    PORTAL_INTERVAL_MS: '200',
    PORTAL_SLOW_MS: '200',
    PORTAL_EXPLAIN_INTERVAL_MS: '1000',
    PORTAL_ALERTMANAGERS: alertmanager.url,
  });
  admin = await newAdministrator(stores.urls, 'alice');
  token = (await runPortalCommand(stores.urls, 'token', 'create', '--name', 'scraper')).trim();
  await startLibrary();
});

after(async () => {
  await library?.close();
  await health?.close();
  client?.disconnect();
  await service?.stop('SIGKILL');
  await alertmanager?.close();
  receiver?.close();
  await stores?.close();
  // It waits for the connection that a test which failed has kept.
  void pool?.end();
  if (folder) await rm(folder, { recursive: true, force: true });
});

function alertSettings(): Record<string, string> {
  const settings = receiver.alertSettings('generic', 'slack', 'discord', 'telegram');
  const pagerDuty = `pagerduty+${receiver.url}/pagerduty?routing_key=${'R'.repeat(32)}`;
  return {
    ...settings,
    PORTAL_ALERT_WEBHOOKS: `${settings['PORTAL_ALERT_WEBHOOKS']},${pagerDuty}`,
    PORTAL_ALERT_AFTER: '1',
  };
}

async function startLibrary(): Promise<void> {
  pool = new pg.Pool({ connectionString: stores.urls.DATABASE_URL, max: 4 });
  pool.on('error', () => undefined);
  client = new Redis(stores.urls.REDIS_URL, { maxRetriesPerRequest: 0, connectionName: CANARY });
  client.on('error', () => undefined);
  const explain = { everyMs: 1_000, whileTroubledMs: 1_000, holderAfterMs: 500, hourly: true };
  health = createHealth({
    database: { pool, intervalMs: 200, explain: { ...explain, describe: () => APPLICATION } },
    cache: { client, intervalMs: 200, slowMs: 200, explain: true },
    process: { explain: true },
    checks: {
      errand: () => Promise.reject(new Error(`SELECT ${CANARY}: ${PASSWORD} at /srv/${CANARY}`)),
    },
    onFailure: (failure) => libraryLog.push(JSON.stringify({ ...failure, cause: failure.cause?.code })),
    onStatusChange: (change) => libraryLog.push(JSON.stringify(change)),
  });
  await health.start();
  library = await health.listen({
    port: 0,
    host: '127.0.0.1',
    viewer: ({ headers }) => (headers.cookie === 'admin=yes' ? 'admin' : 'public'),
  });
}

/** Everything that anybody can read at this moment, or could have until now. */
async function assertCleanHere(): Promise<void> {
  const of = (where: string, text: string, isOfReasons = false): Surface => ({ where, text, isOfReasons });
  assertClean([
    ...(await answersOf({ serviceUrl: service.url, libraryUrl: library.url, admin, token })),
    ...(await doctor(stores.urls)).map((text) => of('the doctor', text, true)),
    ...receiver.received.map(({ path, headers, body }) =>
      of(`an alert at ${path}`, JSON.stringify(headers) + body, true),
    ),
    of('Alertmanager', await read(`${alertmanager.url}/api/v2/alerts`, {})),
    of('the log of the service', service.logged()),
    of('the log of the library', libraryLog.join('\n')),
    ...(await filesIn(join(folder, '.portal'))),
  ]);
}

interface ReadReason {
  readonly code: string;
  readonly sentence: string;
}

/** What both answer at `path`, while somebody looks, so that they ask at their faster pace. */
async function both(path: '/health' | '/health/reasons'): Promise<readonly string[]> {
  await Promise.all([fetch(`${service.url}/health`), fetch(`${library.url}/health`)]);
  // Where the database is away, the service has the word of nobody for who an administrator is.
  const ofService = path === '/health' ? path : '/v1/admin/reasons';
  return Promise.all([
    read(`${service.url}${ofService}`, { Cookie: admin }),
    read(`${library.url}${path}`, { Cookie: 'admin=yes' }),
  ]);
}

/** Until both have given this reason, in such words. */
async function untilSaid(code: string, pattern: RegExp): Promise<void> {
  const said = ['', ''];
  const isSaid = async (): Promise<boolean> => {
    for (const [index, text] of (await both('/health/reasons')).entries()) {
      // Nothing within the time that a stream is read for.
      if (text === '') continue;
      const { reasons } = JSON.parse(text.replace(/^.*\n/, '')) as {
        readonly reasons: readonly ReadReason[];
      };
      const sentence = reasons.find((reason) => reason.code === code)?.sentence ?? '';
      if (!pattern.test(said[index] ?? '')) said[index] = sentence;
    }
    return said.every((sentence) => pattern.test(sentence));
  };
  await waitFor(code, isSaid, LONG).catch((error: unknown) => {
    throw new Error(`Both say “${said.join('” and “')}”.`, { cause: error });
  });
}

/** Until the reports of both have this code, or have not. */
async function untilReported(code: string, isThere = true): Promise<void> {
  const isSo = async (): Promise<boolean> =>
    (await both('/health')).every((text) => text.includes(code) === isThere);
  await waitFor(`${code}: ${isThere}`, isSo, LONG);
}

async function untilTold(code: string): Promise<void> {
  const told = (): boolean => receiver.received.some(({ body }) => body.includes(code));
  await waitFor(`an alert of ${code}`, told, LONG);
}

test('a sequence, an index and a slot with such names', async () => {
  await untilSaid('SEQUENCE_ENDS', /^A sequence has used 100 %/);
  await untilSaid('INVALID_INDEX', /^1 index is invalid/);
  await assertCleanHere();
});

const leaks = (): string =>
  health.reasons('admin').find(({ code }) => code === 'CONNECTION_LEAK')?.sentence ?? '';

test('a queue for a lock: of statements, arguments and a table; its head by its role; and a leak with such a label', async () => {
  const head = await stores.open('');
  const waiters = await Promise.all(Array.from({ length: 5 }, () => stores.open(APPLICATION)));
  await head.query(`BEGIN; LOCK TABLE ${TABLE} IN ACCESS EXCLUSIVE MODE`);
  const waiting = waiters.map((waiter) =>
    waiter.query(`SELECT id AS ${CANARY} FROM ${TABLE} WHERE $1::text <> ''`, [PASSWORD]),
  );
  const leaked = await pool.connect();
  await untilSaid('LOCK_QUEUE', new RegExp(`5 sessions wait .* role "${ROLE}"`));
  await waitFor('the leak', () => leaks().endsWith('taken by a name that cannot be shown'), LONG);
  await assertCleanHere();
  leaked.release();
  await head.query('ROLLBACK');
  await Promise.all(waiting);
  // The same behind a prepared transaction.
  await head.query(`BEGIN; LOCK TABLE ${TABLE}; PREPARE TRANSACTION '${CANARY}'`);
  const again = waiters.map((waiter) => waiter.query(`SELECT FROM ${TABLE}`));
  await untilSaid('LOCK_QUEUE', /an unfinished prepared transaction/);
  await assertCleanHere();
  await head.query(`ROLLBACK PREPARED '${CANARY}'`);
  await Promise.all(again);
  await Promise.all([head, ...waiters].map((one) => one.end()));
});

test('connections that an application of such a name has taken: nearly all, then all, which an alert explains', async (t) => {
  const taken: pg.Client[] = [];
  t.after(() => Promise.all(taken.map((one) => one.end())));
  const [row] = await stores.postgres.query(
    'SELECT count(*)::int AS n FROM pg_stat_activity WHERE usename IS NOT NULL',
  );
  const nearly = Math.floor(MAX_CONNECTIONS * 0.9) - Number(row?.['n']);
  for (let n = 0; n < nearly; n += 1) taken.push(await stores.open(APPLICATION));
  await untilSaid('CONNECTIONS_EXHAUSTED', /an application with a name that cannot be shown/);
  await assertCleanHere();
  const end = await stores.postgres.fillConnections();
  t.after(end);
  await untilTold('CONNECTIONS_EXHAUSTED');
  await assertCleanHere();
});

test('a script over such a key, of such a client', async (t) => {
  const stop = new AbortController();
  const script = `-- ${CANARY}
    local from = redis.call('TIME') local took = 0
    while took < 500000 do local now = redis.call('TIME') took = (now[1] - from[1]) * 1000000 + now[2] - from[2] end
    redis.call('SET', KEYS[1], ARGV[1]) return ARGV[1]`;
  const working = (async () => {
    while (!stop.signal.aborted) {
      await stores.redis.command('EVAL', script, 1, CANARY, PASSWORD).catch(() => undefined);
      // So that whoever asks is kept waiting by one and never by two.
      await sleep(200);
    }
  })();
  t.after(() => {
    stop.abort();
    return working;
  });
  await untilSaid('CACHE_SLOW_COMMAND', /^EVAL took/);
  await assertCleanHere();
});

const BROKEN: readonly (readonly [
  what: string,
  code: string,
  fault: () => Promise<unknown>,
  mend: () => Promise<unknown>,
])[] = [
  [
    'a role that may not log in',
    'DATABASE_REFUSED_LOGIN',
    () => stores.postgres.query(`ALTER ROLE ${ROLE} NOLOGIN`),
    () => stores.postgres.query(`ALTER ROLE ${ROLE} LOGIN`),
  ],
  [
    'a user of the cache who may not do a thing',
    'CACHE_REFUSED_LOGIN',
    () =>
      stores.redis
        .command('ACL', 'SETUSER', CANARY, 'off')
        .then(() => stores.redis.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')),
    () => stores.redis.command('ACL', 'SETUSER', CANARY, 'on'),
  ],
  [
    'a cache that is not there',
    'CACHE_UNREACHABLE',
    () => stores.proxies.cache.fault('refuse'),
    () => stores.proxies.cache.heal(),
  ],
  [
    'a database that is not there',
    'DATABASE_UNREACHABLE',
    () => stores.proxies.database.fault('refuse'),
    () => stores.proxies.database.heal(),
  ],
];

for (const [what, code, fault, mend] of BROKEN) {
  test(what, async () => {
    await fault();
    await untilReported(code);
    await assertCleanHere();
    await mend();
    await untilReported(code, false);
  });
}

test('the doctor, of stores that are not those of the URL, and of URLs that are none', async () => {
  const { DATABASE_URL, REDIS_URL } = stores.urls;
  const host = `${ADDRESS}:${stores.proxies.database.port}`;
  const wrong: readonly Readonly<Record<string, string>>[] = [
    { DATABASE_URL: databaseUrl({ host, password: `${PASSWORD}x` }) },
    { DATABASE_URL: databaseUrl({ host, name: `${CANARY}x` }) },
    { DATABASE_URL: databaseUrl({ host, role: CANARY }) },
    { DATABASE_URL: databaseUrl({ host: `${CANARY}.invalid:1` }), REDIS_URL: `redis://${CANARY}.invalid` },
    { DATABASE_URL: `${DATABASE_URL}?sslmode=verify-full&sslrootcert=/srv/${CANARY}` },
    { DATABASE_URL: `postgres://${ROLE}:${PASSWORD}@${host}/${CANARY}` },
    { REDIS_URL: REDIS_URL.replace(/:\d+$/, ':1') },
    { REDIS_URL: REDIS_URL.replace('@', 'x@') },
    { REDIS_URL: `${CANARY}://${PASSWORD}` },
  ];
  for (const urls of wrong) {
    const printed = await doctor(urls);
    assertClean(printed.map((text) => ({ where: 'the doctor', text, isOfReasons: true })));
    for (const text of printed) assert.match(text, /\(?(DATABASE|CACHE|NAME)_\w+|"code"|^Expected `/, text);
  }
});
