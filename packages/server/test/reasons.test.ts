/**
 * Why something is unwell, and who causes it: to administrators and machine tokens, and to nobody else a byte of it. Two
 * services on the same stores, of which one explains.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { startPostgres, startRedis, waitFor, type PostgresServer, type RedisServer } from 'portal-test-kit';
import { ADMIN } from '../src/auth/permission.js';
import { sendRequest, type TestResponse } from './request.js';
import { startService, type TestService } from './service.js';
import { openStream } from './stream.js';

/** In a statement, as an argument, in the name of a table: none of it may ever be shown. */
const SECRETS = ['zqargumentzq', 'zqtablezq', 'zqstatementzq'];
const APPLICATION = 'zq-report-worker';
const HOSTILE = '<!channel> @everyone ](http://zq.example';
/** Without test writes, whose first result depends on who has made the table. */
const QUICK = { PORTAL_EXPLAIN_INTERVAL_MS: '300', PORTAL_WRITE_INTERVAL_MS: '0' };
const PUBLIC_PATHS = [
  '/health',
  '/v1/status',
  '/metrics',
  '/livez',
  '/readyz?verbose',
  '/startupz',
  '/openapi.json',
];
const ADMIN_PATHS = ['/v1/admin/reasons', '/v1/admin/events', '/v1/admin/live', '/v1/admin/health'];

let postgres: PostgresServer;
let redis: RedisServer;
let url: string;
let explaining: TestService;
let silent: TestService;
let admin: string;
let user: string;
const clients: pg.Client[] = [];

before(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  url = await postgres.createDatabase();
  const stores = { databaseUrl: url, redisUrl: redis.url };
  explaining = await startService({ ...stores, environment: QUICK });
  silent = await startService({ ...stores, environment: { ...QUICK, PORTAL_EXPLAIN: 'off' } });
  admin = await explaining.sessionCookie(ADMIN);
  user = await explaining.sessionCookie(0);
  const setUp = await connect('set-up', url);
  await setUp.query('CREATE TABLE zqtablezq (id int); INSERT INTO zqtablezq VALUES (1)');
});

after(async () => {
  await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
  await Promise.all([explaining?.close(), silent?.close()]);
  await Promise.all([postgres?.close(), redis?.close()]);
});

async function connect(application: string, connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString, application_name: application });
  client.on('error', () => undefined);
  clients.push(client);
  await client.connect();
  return client;
}

/** A head that does nothing in an open transaction, and six who wait for it; the function ends it. */
async function lockQueue(application: string): Promise<() => Promise<void>> {
  const head = await connect(application, url);
  await head.query('BEGIN; LOCK TABLE zqtablezq IN ACCESS EXCLUSIVE MODE');
  const waiters = await Promise.all(Array.from({ length: 6 }, (_, index) => connect(`waiter-${index}`, url)));
  const waiting = waiters.map((waiter) =>
    waiter.query('SELECT id AS zqstatementzq FROM zqtablezq WHERE $1::text IS NOT NULL', ['zqargumentzq']),
  );
  return async () => {
    await head.query('ROLLBACK');
    await Promise.all(waiting);
    await Promise.all([head, ...waiters].map((client) => client.end()));
  };
}

interface ReasonJson {
  readonly code: string;
  readonly sentence: string;
  readonly figures: Readonly<Record<string, unknown>>;
  readonly age_ms: number;
}

async function reasons(): Promise<readonly ReasonJson[]> {
  const { status, json } = await sendRequest(explaining.url, '/v1/admin/reasons', { cookie: admin });
  assert.equal(status, 200);
  return json['reasons'] as ReasonJson[];
}

async function untilLocks(isThere: boolean): Promise<ReasonJson | undefined> {
  const find = async () => (await reasons()).find(({ code }) => code === 'LOCK_QUEUE');
  await waitFor('the reason', async () => ((await find()) !== undefined) === isThere);
  return find();
}

/** What changes from moment to moment and from service to service, alike. */
function comparable({ status, bytes }: TestResponse): string {
  return `${status} ${bytes.replaceAll(/\d+(\.\d+)?(e[+-]?\d+)?/g, '0').replaceAll(/0000-00-00T00:00:00(\.000)?Z/g, 'T')}`;
}

function assertNoSecret(text: string, what: string): void {
  for (const secret of SECRETS) assert.ok(!text.includes(secret), `${what} has ${secret}`);
}

test('it says who stands at the head of a queue, with its age, and that it is over; its event has begin and end', async () => {
  await untilLocks(false);
  const end = await lockQueue(APPLICATION);
  const reason = await untilLocks(true);
  assert.match(
    reason?.sentence ?? '',
    /6 sessions wait for a lock.*application "zq-report-worker" that has done nothing in an open transaction/,
  );
  assert.ok(Number(reason?.age_ms) >= 0);
  const body = JSON.stringify(await reasons());
  assertNoSecret(body, 'the document');
  assert.match(
    body,
    /"code":"LOCK_QUEUE","explains":null,"sentence":".*","figures":\{.*\},"checked_at":".*Z","age_ms":\d+,"next":"/,
  );
  const stream = await openStream(explaining.url, '/v1/admin/live', admin);
  const { data } = await stream.until('report', (report) =>
    JSON.stringify(report['reasons']).includes('LOCK_QUEUE'),
  );
  assertNoSecret(JSON.stringify(data), 'the stream');
  stream.close();
  const metrics = await sendRequest(explaining.url, '/metrics', { cookie: admin });
  assert.match(metrics.body, /portal_health_reason\{code="LOCK_QUEUE"\} 1/);
  assert.match(metrics.body, /portal_health_reason\{code="CONNECTION_LEAK"\} 0/);
  assert.ok(!metrics.body.includes(APPLICATION), 'a metric has codes and no names');

  await end();
  await untilLocks(false);
  const ofReason = async () => {
    const { json } = await sendRequest(explaining.url, '/v1/admin/events', { cookie: admin });
    // A busy machine adds a reason of its own.
    return (json['events'] as Record<string, unknown>[]).find(
      ({ kind, codes }) => kind === 'reason' && JSON.stringify(codes).includes('LOCK_QUEUE'),
    );
  };
  await waitFor('its end', async () => ((await ofReason())?.['ended_at'] ?? null) !== null);
  const event = await ofReason();
  assert.deepEqual(event?.['codes'], ['LOCK_QUEUE']);
  assert.ok(String(event?.['ended_at']) > String(event?.['began_at']));
  assertNoSecret(JSON.stringify(event), 'the event');
});

describe('while there is something to explain', () => {
  let end: () => Promise<void>;

  before(async () => {
    end = await lockQueue(HOSTILE);
    await untilLocks(true);
  });

  after(() => end());

  test('a name that cannot be shown is shown to nobody', async () => {
    const reason = (await reasons()).find(({ code }) => code === 'LOCK_QUEUE');
    assert.match(reason?.sentence ?? '', /a name that cannot be shown/);
    assert.ok(!/channel|everyone|zq\.example/.test(JSON.stringify(await reasons())));
  });

  test('nobody below an administrator sees a byte that a service which explains nothing would not send', async () => {
    for (const path of [...PUBLIC_PATHS, ...ADMIN_PATHS]) {
      for (const cookie of [undefined, user]) {
        const isReport = path === '/v1/admin/health' || path === '/v1/admin/live';
        if (cookie === user && isReport) continue;
        const ask = async (): Promise<readonly TestResponse[]> =>
          Promise.all([explaining, silent].map((service) => sendRequest(service.url, path, { cookie })));
        // A busy machine holds up the event loop of both, and one of them may say so a moment longer.
        await waitFor(
          `equal answers of ${path} to ${cookie === undefined ? 'anyone' : 'a user'}`,
          async () => {
            const [first = '', second] = (await ask()).map(comparable);
            return first === second;
          },
        );
        const [one] = await ask();
        assert.ok(one);
        if (path !== '/openapi.json')
          assert.ok(!/LOCK_QUEUE|portal_health_reason|zq-report/.test(one.body), path);
      }
    }
  });

  test('who may see it: 401 without a session, 403 for a user, 405 for what is no reading, empty where it is off', async () => {
    const ask = async (question: Parameters<typeof sendRequest>[2], service = explaining): Promise<number> =>
      (await sendRequest(service.url, '/v1/admin/reasons', question)).status;
    assert.equal(await ask({}), 401);
    assert.equal(await ask({ cookie: user }), 403);
    assert.equal(await ask({ method: 'POST', cookie: admin }), 405);
    assert.equal(await ask({ method: 'HEAD', cookie: admin }), 200);
    const { json, headers } = await sendRequest(silent.url, '/v1/admin/reasons', { cookie: admin });
    assert.deepEqual(json, { reasons: [] });
    assert.equal(headers['cache-control'], 'private, no-store');
    assert.ok(
      !(await sendRequest(silent.url, '/metrics', { cookie: admin })).body.includes('portal_health_reason'),
    );
  });

  test('the log says none of it', () => {
    const log = [...explaining.logged, ...silent.logged].join('');
    assertNoSecret(log, 'the log');
    assert.ok(!log.includes(APPLICATION) && !log.includes('channel'));
  });
});
