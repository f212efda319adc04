/**
 * `portal status export`, as a child process beside a real service: the files, what is in none of them, and what becomes of
 * them when the service is gone.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startPostgres, waitFor, type PostgresServer } from 'portal-test-kit';
import { SCRATCH_FOLDER } from 'portal-test-kit/paths';
import { slugOf, worstOf } from '../../src/cli/status-export/shared.js';
import { answerWith, startHost, type Host } from '../fleet/hosts.js';
import { runPortal, startPortal, type Ended } from '../portal.js';
import { sendRequest } from '../request.js';
import { startService, type TestService } from '../service.js';

const PATIENCE = { timeoutMs: 90_000, everyMs: 200 };
const UNWELL = { status: 'unhealthy', errors: ['The database does not answer in time (DATABASE_TIMEOUT)'] };
const WELL = { status: 'healthy', errors: [], source_hash: 'a'.repeat(64) };
const NAME = 'Läden & <b>"Kasse"</b>';

let postgres: PostgresServer;
let folder: string;
let host: Host;
let service: TestService;
let isWell = true;
let isRunning = false;

before(async () => {
  postgres = await startPostgres();
  folder = await mkdtemp(join(SCRATCH_FOLDER, 'portal-status-'));
  host = await startHost((request, response) =>
    answerWith(isWell ? WELL : UNWELL, isWell ? 200 : 503)(request, response),
  );
  const path = join(folder, 'fleet.yaml');
  const target = `discover: { static: [${JSON.stringify(host.origin)}] }`;
  await writeFile(
    path,
    `
defaults: { interval: 2s, timeout: 2s, failure_threshold: 1, success_threshold: 1 }
services:
  - { name: orders-internal, public: ${JSON.stringify(NAME)}, labels: { team: secret-team }, ${target} }
  - { name: hidden-internal, ${target} }
`,
  );
  service = await startService({
    databaseUrl: await postgres.createDatabase(),
    environment: { PORTAL_FLEET_FILE: path },
  });
  isRunning = true;
});

after(async () => {
  if (isRunning) await service.close();
  await host?.close();
  await postgres?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});

interface Public {
  readonly services: readonly {
    readonly name: string;
    readonly status: string;
    readonly outages: readonly {
      readonly from: string;
      readonly to: string | null;
      readonly worst: string;
    }[];
  }[];
}

async function published(): Promise<Public> {
  const response = await sendRequest(service.url, '/v1/status/services');
  assert.equal(response.status, 200, response.body);
  return response.json as unknown as Public;
}

function untilStatus(status: string): Promise<void> {
  return waitFor(
    `it to be ${status}`,
    async () => (await published()).services[0]?.status === status,
    PATIENCE,
  );
}

function run(...args: readonly string[]): Promise<Ended> {
  return runPortal(['status', 'export', ...args], { cwd: folder, environment: {} });
}

async function filesIn(name: string): Promise<ReadonlyMap<string, string>> {
  const names = await readdir(join(folder, name));
  return new Map(
    await Promise.all(
      names.map(async (one) => [one, await readFile(join(folder, name, one), 'utf8')] as const),
    ),
  );
}

test('what is public is the public name, status and times, and nothing else of the service', async () => {
  await untilStatus('healthy');
  isWell = false;
  await untilStatus('unhealthy');
  await waitFor(
    'the outage to be in the file',
    async () => (await published()).services[0]?.outages[0]?.to === null,
    PATIENCE,
  );
  isWell = true;
  await untilStatus('healthy');
  const { services } = await published();
  assert.deepEqual(
    services.map(({ name, status, outages }) => [name, status, outages.map(({ worst }) => worst)]),
    [[NAME, 'healthy', ['unhealthy']]],
  );
  const { exitCode, stdout, stderr } = await run('site', '--url', service.url, '--title', 'The <shop>');
  assert.deepEqual({ exitCode, stderr }, { exitCode: 0, stderr: '' });
  assert.match(stdout, /^1 public services written into site/);
  const files = await filesIn('site');
  assert.deepEqual([...files.keys()].toSorted(), [
    `badge-${slugOf(NAME)}.svg`,
    'badge.svg',
    'feed.xml',
    'index.html',
    'status.json',
  ]);
  const port = new URL(host.origin).port;
  for (const [name, text] of files) {
    for (const secret of [
      'internal',
      'secret-team',
      port,
      'DATABASE_TIMEOUT',
      'aaaa',
      '127.0.0.1',
      '<b>',
      '<shop>',
    ]) {
      if (name === 'status.json' && secret === '<b>') continue;
      assert.ok(!text.includes(secret), `${secret} in ${name}`);
    }
  }
  assert.match(files.get('index.html') ?? '', /Everything works/);
  assert.match(files.get('index.html') ?? '', /It did not work\./);
  assert.match(files.get('feed.xml') ?? '', /<title>Läden &#38; .*: unhealthy, over<\/title>/);
});

test('again and again: without the service the page stands, and says that it does not know', async () => {
  const portal = startPortal(['status', 'export', 'again', '--url', service.url, '--every', '10'], {
    cwd: folder,
    environment: {},
  });
  try {
    await waitFor(
      'the page',
      async () => (await filesIn('again').catch(() => new Map())).has('badge.svg'),
      PATIENCE,
    );
    await service.close();
    isRunning = false;
    await waitFor(
      'it to say that it does not know',
      async () => /has not answered since/.test((await filesIn('again')).get('index.html') ?? ''),
      PATIENCE,
    );
    const files = await filesIn('again');
    assert.match(files.get('index.html') ?? '', /It is not known whether everything works/);
    assert.match(files.get('index.html') ?? '', /It did not work\./);
    assert.match(files.get('badge.svg') ?? '', /unknown/);
  } finally {
    await portal.stop();
  }
  const { exitCode, stderr } = await run('gone', '--url', service.url);
  assert.equal(exitCode, 1);
  assert.equal(
    stderr,
    `The service at ${new URL(service.url).origin} does not answer; --url says where it is.\n`,
  );
  assert.deepEqual(await filesIn('gone').catch(() => 'none'), 'none');
});

test('what cannot be used is named', async () => {
  const cases: readonly (readonly [args: readonly string[], said: RegExp])[] = [
    [
      ['x', '--every', '9'],
      /^Expected `--every` to be a whole number of seconds from 10 to 86400, got "9"\.\n$/,
    ],
    [['x', '--every', 'often'], /^Expected `--every`/],
    [['x', '--url', 'ftp://a'], /^Expected `--url` to be a URL of http or https .*, got "ftp:\/\/a"\.\n$/],
    [['x', '--url', 'http://ada:secret@a'], /got one with an @\.\n$/],
    [['x', '--site', 'status.example'], /^Expected `--site`/],
  ];
  for (const [args, said] of cases) {
    const { exitCode, stderr } = await run(...args);
    assert.equal(exitCode, 2, args.join(' '));
    assert.match(stderr, said);
    assert.ok(!stderr.includes('secret'));
  }
  const other = await startHost(answerWith({ status: 'healthy' }));
  const { exitCode, stderr } = await run('x', '--url', other.origin);
  await other.close();
  assert.equal(exitCode, 1);
  assert.match(stderr, /answers with something else than the status of its services/);
  await writeFile(join(folder, 'file'), '');
  const refused = await run('file', '--url', service.url);
  assert.equal(refused.exitCode, 1);
});

test('no two names make one file, whatever they are made of', () => {
  const names = ['shop', 'Shop', 'sh op', 'sh-op', 'sh/op', '店', '店铺', '../x', 'x', ''];
  assert.equal(new Set(names.map(slugOf)).size, names.length);
  for (const name of names) assert.match(slugOf(name), /^[a-z0-9-]*$/);
  assert.equal(worstOf([]), 'unknown');
  assert.equal(worstOf(['healthy', 'unknown', 'degraded']), 'degraded');
});
