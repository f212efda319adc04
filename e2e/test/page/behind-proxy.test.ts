/**
 * The page behind real proxies, with the very blocks of docs/operations.md: by plain http and TLS, at the root and below
 * a path. Signing in, the live stream and every link work, and limits are those of the client.
 */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { findFreePort } from 'portal-dev-servers/free-port';
import {
  makeCertificate,
  startHaproxy,
  startNginx,
  startPostgres,
  startRedis,
  waitFor,
  type ProxyCertificate,
  type PostgresServer,
  type RedisServer,
  type ReverseProxy,
} from 'portal-test-kit';
import {
  runPortalCommand,
  startServiceProcess,
  type Environment,
  type ServiceProcess,
} from '../service-process.js';
import { startChromium, type Browser } from './chromium.js';
import { recordTraffic, untilHeadline } from './reader.js';

const NAME = 'status.example.org';
const GUIDE = fileURLToPath(new URL('../../../../docs/operations.md', import.meta.url));
const MAX_REJECTIONS = 3;

let browser: Browser;
let postgres: PostgresServer;
let redis: RedisServer;
let databaseUrl: string;
let folder: string;
let certificate: ProxyCertificate;
let blocks: ReadonlyMap<string, string>;
let users = 0;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portal-proxies-'));
  await mkdir(join(folder, 'source'));
  await writeFile(join(folder, 'source', 'main.js'), 'export const answer = 42;\n');
  blocks = blocksIn(await readFile(GUIDE, 'utf8'));
  certificate = await makeCertificate(folder, NAME);
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  databaseUrl = await postgres.createDatabase();
  browser = await startChromium({ names: { [NAME]: '127.0.0.1' }, ignoreCertificates: true });
});

after(async () => {
  await browser?.close();
  await Promise.all([postgres?.close(), redis?.close()]);
  await rm(folder, { recursive: true, force: true });
});

/** The blocks of the guide by what their first line says of them, up to a comma or colon: `nginx TLS`. */
function blocksIn(guide: string): ReadonlyMap<string, string> {
  const found = [...guide.matchAll(/^```(nginx|haproxy)\n# ([^:\n]+).*\n([^]*?)^```$/gm)];
  return new Map(
    found.map(([, kind, title, text]) => [`${kind}: ${title?.replace(', as', '')}`, text ?? '']),
  );
}

function block(title: string): string {
  const [, found] = [...blocks].find(([one]) => one.startsWith(title)) ?? [];
  assert.ok(found, `docs/operations.md has no block "${title}"`);
  return found;
}

/** Where a combination listens, and where the service behind it. */
interface Ports {
  readonly proxy: number;
  readonly service: number;
}

/** A block of the guide, at the ports and with the files of this test. */
function here(text: string, { proxy, service }: Ports): string {
  return text
    .replace(/(listen|bind) :?(80|443)\b/, `$1 127.0.0.1:${proxy}`)
    .replaceAll('127.0.0.1:7331', `127.0.0.1:${service}`)
    .replaceAll(`/etc/ssl/${NAME}/certificate.pem`, certificate.certificate)
    .replaceAll(`/etc/ssl/${NAME}/key.pem`, certificate.key)
    .replaceAll(`/etc/ssl/${NAME}/both.pem`, certificate.both);
}

interface Combination {
  readonly what: string;
  readonly scheme: 'http' | 'https';
  readonly path: '' | '/portal';
  readonly start: (service: number) => Promise<ReverseProxy>;
  /** Settings other than those that the guide gives. */
  readonly settings?: Environment;
}

function nginx(scheme: 'http' | 'https', location: string): (service: number) => Promise<ReverseProxy> {
  const server = block(scheme === 'https' ? 'nginx: TLS' : 'nginx: Plain http');
  const text = server.replace('include /etc/nginx/portal.conf;', location);
  return (service) => startNginx({ blocks: (proxy) => here(text, { proxy, service }) });
}

function haproxy(scheme: 'http' | 'https', where: string): (service: number) => Promise<ReverseProxy> {
  const front = block(`haproxy: ${scheme === 'https' ? 'TLS' : 'Plain http'}, ${where}`);
  const text = `${front}\n${block('haproxy: The service')}`;
  return (service) => startHaproxy({ blocks: (proxy) => here(text, { proxy, service }) });
}

const COMBINATIONS: readonly Combination[] = [
  ...(['http', 'https'] as const).flatMap((scheme): readonly Combination[] => [
    { what: 'nginx', scheme, path: '', start: (at) => nginx(scheme, block('nginx: At the root'))(at) },
    {
      what: 'nginx',
      scheme,
      path: '/portal',
      start: (at) => nginx(scheme, block('nginx: Below a path'))(at),
    },
    { what: 'HAProxy', scheme, path: '', start: (at) => haproxy(scheme, 'at the root')(at) },
    { what: 'HAProxy', scheme, path: '/portal', start: (at) => haproxy(scheme, 'below a path')(at) },
  ]),
  {
    what: 'nginx that leaves the path on, and Host as it is by default',
    scheme: 'http',
    path: '/portal',
    start: nginxLines('http', [
      'location /portal { proxy_pass http://127.0.0.1:7331; ',
      'proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; }',
    ]),
  },
  {
    what: 'nginx that takes the path off, and nothing is set but that there is no TLS',
    scheme: 'http',
    path: '/portal',
    start: nginxLines('http', [
      'location /portal/ { proxy_pass http://127.0.0.1:7331/; proxy_set_header Host $http_host; }',
    ]),
    settings: { PORTAL_COOKIE_SECURE: 'off', HOST: '0.0.0.0' },
  },
];

function nginxLines(scheme: 'http' | 'https', lines: readonly string[]): Combination['start'] {
  return (at) => nginx(scheme, lines.join('\n'))(at);
}

interface Stage {
  /** As browsers have it, without a slash at the end. */
  readonly url: string;
  readonly proxy: ReverseProxy;
  readonly service: ServiceProcess;
  readonly environment: Environment;
  close(): Promise<void>;
}

async function setUp({ scheme, path, start, settings }: Combination): Promise<Stage> {
  const port = await findFreePort();
  const proxy = await start(port);
  const url = `${scheme}://${NAME}:${proxy.port}${path}`;
  const environment = {
    DATABASE_URL: databaseUrl,
    REDIS_URL: redis.url,
    PORT: String(port),
    PORTAL_DATA_DIR: join(folder, `data-${port}`),
    PORTAL_SOURCE_ROOT: join(folder, 'source'),
    PORTAL_REFUSALS_PER_MINUTE: String(MAX_REJECTIONS),
    ...(settings ?? { PORTAL_PUBLIC_URL: url, PORTAL_TRUSTED_PROXIES: '127.0.0.1' }),
  };
  try {
    const service = await startServiceProcess(folder, environment);
    // HAProxy looks every other second whether it is there.
    await waitFor(
      'the proxy to pass on',
      async () => (await requestFrom('127.0.0.1', { proxy }, `${url}/livez`)).status === 200,
    );
    return {
      url,
      proxy,
      service,
      environment,
      async close() {
        await service.stop('SIGTERM');
        await proxy.close();
      },
    };
  } catch (error) {
    await proxy.close();
    throw error;
  }
}

describe('behind a proxy', () => {
  before(() => assert.ok(blocks.size >= 9, 'blocks of the guide'));

  for (const combination of COMBINATIONS) {
    const { what, scheme, path } = combination;
    test(`${what}, ${scheme}, ${path === '' ? 'at the root' : 'below a path'}`, async (t) => {
      const stage = await setUp(combination);
      t.after(() => stage.close());
      const page = await browser.context.newPage();
      t.after(() => page.close());
      await checkPages(page, stage, combination);
      if (!combination.settings) await assertLimits(stage);
    });
  }
});

/** Signs in, looks at every view, and follows every link. */
async function checkPages(page: Page, stage: Stage, { path, scheme, settings }: Combination): Promise<void> {
  const { url, environment } = stage;
  const heard = recordTraffic(page);
  users += 1;
  const name = `reader-${users}`;
  await runPortalCommand(environment, 'user', 'add', name, '--permission', 'Owner');
  const printed = await runPortalCommand(environment, 'login-code', 'create', '--user', name);
  const code = /#code=([\w-]+)/.exec(printed)?.[1] ?? '';
  if (!settings) {
    assert.ok(printed.includes(`${url}/#code=${code}\n`), printed);
    // The running service has said so, in its data folder.
    const again = await runPortalCommand(
      { ...environment, PORTAL_PUBLIC_URL: '' },
      'login-code',
      'create',
      '--user',
      name,
    );
    assert.ok(again.includes(`${url}/#code=`), again);
  }
  await browser.context.clearCookies();
  const live = page.waitForResponse(`${url}/v1/admin/live`);
  await page.goto(`${url}/#code=${code}`);
  await untilHeadline(page, 'Healthy');
  const streamed = await live;
  assert.equal(streamed.status(), 200);
  assert.match(streamed.headers()['content-type'] ?? '', /^text\/event-stream/);
  const [cookie] = await browser.context.cookies(`${url}/`);
  assert.deepEqual([cookie?.name, cookie?.secure, cookie?.path], ['psession', scheme === 'https', '/']);
  for (const view of ['Fleet', 'Events', 'Integrity', 'Sessions', 'Audit', 'Now']) {
    await page.getByRole('link', { name: view, exact: true }).click();
    assert.equal(new URL(page.url()).pathname, `${path}/${view === 'Now' ? '' : view.toLowerCase()}`);
    await page.reload();
    await page.getByText(name).first().waitFor();
  }
  await assertLinks(page, stage);
  await page.getByRole('link', { name: 'API' }).click();
  assert.equal(page.url(), `${url}/docs`);
  await assertLinks(page, stage);
  const { body } = await requestFrom('127.0.0.1', stage, `${url}/openapi.json`);
  const { servers } = JSON.parse(body) as { readonly servers: readonly [{ readonly url: string }] };
  assert.equal(new URL(servers[0].url, `${url}/openapi.json`).href.replace(/\/$/, ''), url);
  await page.goto(`${url}/`);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  const elsewhere = heard.asked.filter((asked) => asked !== 'about:blank' && !asked.startsWith(`${url}/`));
  // What a browser says of plain http is no defect of the page.
  const errors = heard.errors.filter(
    (one) => scheme === 'https' || !one.includes('origin was untrustworthy'),
  );
  assert.deepEqual([elsewhere, errors], [[], []]);
  assert.ok(!heard.asked.includes(`${url}/v1/admin/health`), 'the stream was good enough');
}

/** Every link of the page stays below `url` and leads somewhere. */
async function assertLinks(page: Page, stage: Stage): Promise<void> {
  await page.locator('a[href]').nth(2).waitFor({ state: 'attached' });
  const links = await page.evaluate<string[]>(
    `[...document.querySelectorAll('a[href]')].map(({ href }) => href.replace(/#.*/, ''))`,
  );
  for (const link of new Set(links)) {
    assert.ok(link.startsWith(`${stage.url}/`), link);
    assert.equal((await requestFrom('127.0.0.1', stage, link)).status, 200, link);
  }
}

/** One client behind the proxy uses up its own limit only, whatever address it claims. */
async function assertLimits(stage: Stage): Promise<void> {
  const ask = async (from: string, headers: Record<string, string> = {}): Promise<number> =>
    (await requestFrom(from, stage, `${stage.url}/v1/admin/health`, headers)).status;
  // Replicas share what they count, so each test has addresses of its own.
  const [client, neighbour] = [`127.0.50.${users}`, `127.0.51.${users}`];
  const statuses: number[] = [];
  for (let i = 0; i < MAX_REJECTIONS; i++) statuses.push(await ask(client));
  assert.deepEqual(statuses, [401, 401, 401]);
  for (const forged of [
    '192.0.2.1',
    '127.0.0.1',
    'unknown',
    `127.0.0.1, ${neighbour}`,
    '1.2.3.4,'.repeat(500),
  ]) {
    assert.equal(await ask(client, { 'X-Forwarded-For': forged }), 429, forged.slice(0, 40));
  }
  assert.equal(await ask(neighbour), 401);
  // The answer may be here before the line has come through the pipe.
  await waitFor('the line of the client', () => stage.service.logged().includes(`"client":"${client}"`));
  assert.doesNotMatch(stage.service.logged(), /"client":"192\.0\.2\.1"/);
}

/** Asks for a URL of the stage, from an address of this machine. */
function requestFrom(
  from: string,
  { proxy: { port } }: Pick<Stage, 'proxy'>,
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly body: string }> {
  const { protocol, host, pathname, search } = new URL(url);
  const options = {
    host: '127.0.0.1',
    port,
    path: pathname + search,
    headers: { ...headers, Host: host },
    localAddress: from,
    agent: false,
    signal: AbortSignal.timeout(20_000),
  };
  return new Promise((resolve, reject) => {
    const asked = (
      protocol === 'https:'
        ? httpsRequest({ ...options, rejectUnauthorized: false, servername: NAME })
        : httpRequest(options)
    ).once('response', (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    asked.once('error', reject).end();
  });
}
