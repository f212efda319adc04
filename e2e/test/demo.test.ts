/**
 * `npm run demo`: each of its letters shows in the fleet as what it is, and is mended by the same letter; however it ends,
 * it leaves no process.
 */
import assert from 'node:assert/strict';
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isRunning, waitFor } from 'portal-test-kit';
import { startChromium } from './page/chromium.js';
import { takePicture, untilHeadline } from './page/reader.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PATIENCE = { timeoutMs: 120_000, everyMs: 100 };

interface FleetDocument {
  readonly services: readonly {
    readonly name: string;
    readonly status: string;
    readonly codes: readonly string[];
  }[];
}

interface ServiceDocument {
  readonly instances: readonly { readonly source_hash: string | null }[];
}

interface Demo {
  readonly child: ChildProcessWithoutNullStreams;
  printed(): string;
  type(key: string): void;
  read<Body>(path: string): Promise<Body>;
  /** Signs in once. */
  readonly link: string;
  /** Every process that it has started, itself included. */
  family(): Promise<readonly number[]>;
}

let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portal-demo-'));
});

after(() => rm(folder, { recursive: true, force: true }));

/** Starts it as a person does, and waits for the link; what it has started must be ended. */
async function startDemo(): Promise<Demo> {
  const child = spawn('npm', ['run', 'demo', '--', folder], { cwd: ROOT });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (printed += text));
  await waitFor(
    'the link of the demo',
    () => child.exitCode !== null || /^open /m.test(printed),
    PATIENCE,
  ).catch(() => assert.fail(printed));
  const link = /^open\s+(\S+)$/m.exec(printed)?.[1] ?? assert.fail(printed);
  const cookie = `psession=${(await readFile(join(folder, 'service/service.session'), 'utf8')).trim()}`;
  return {
    child,
    link,
    printed: () => printed,
    type: (key) => child.stdin.write(key),
    async read<Body>(path: string) {
      const response = await fetch(new URL(path, link), { headers: { Cookie: cookie } });
      assert.equal(response.status, 200);
      return (await response.json()) as Body;
    },
    family: () => familyOf(child.pid ?? assert.fail('It has not started.')),
  };
}

async function familyOf(pid: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const children = text.split(' ').filter(Boolean).map(Number);
  return [pid, ...(await Promise.all(children.map(familyOf))).flat()];
}

async function untilNobodyRuns(family: readonly number[]): Promise<void> {
  await waitFor(
    'every process of the demo to end',
    async () => !(await Promise.all(family.map(isRunning))).includes(true),
    PATIENCE,
  );
}

/** Waits until `service` has one of these codes, or until it is healthy where there is none. */
async function untilShown(demo: Demo, service: string, codes: readonly string[]): Promise<number> {
  const startedMs = performance.now();
  let last: FleetDocument | undefined;
  await waitFor(
    `${service} to show ${codes.join(' or ') || 'nothing'}`,
    async () => {
      last = await demo.read<FleetDocument>('/v1/admin/fleet');
      const shown = last.services.find(({ name }) => name === service);
      if (codes.length === 0) return last.services.every(({ status }) => status === 'healthy');
      return (
        shown !== undefined && shown.status !== 'healthy' && codes.some((code) => shown.codes.includes(code))
      );
    },
    PATIENCE,
  ).catch((error: unknown) => assert.fail(`${String(error)} ${JSON.stringify(last)}\n${demo.printed()}`));
  return performance.now() - startedMs;
}

describe('each letter', () => {
  let demo: Demo;

  before(async () => {
    demo = await startDemo();
    await untilShown(demo, 'orders', []);
  });

  for (const { key, service, codes } of [
    { key: 'p', service: 'billing', codes: ['DATABASE_TIMEOUT'] },
    { key: 'r', service: 'orders', codes: ['CACHE_TIMEOUT'] },
    { key: 'k', service: 'orders', codes: ['INSTANCE_REFUSED'] },
    { key: 'h', service: 'orders', codes: ['INSTANCE_TIMEOUT'] },
    // Where the machine is slow too, it may not respond in time.
    { key: 's', service: 'orders', codes: ['EVENT_LOOP_DELAYED', 'INSTANCE_TIMEOUT'] },
    { key: 'l', service: 'billing', codes: ['DATABASE_POOL_SATURATED', 'DATABASE_POOL_STALLED'] },
    { key: 'q', service: 'orders', codes: ['DATABASE_POOL_SATURATED', 'DATABASE_POOL_STALLED'] },
    { key: 'f', service: 'billing', codes: ['SOURCE_DRIFTED'] },
  ]) {
    test(`${key} shows ${service} with ${codes.join(' or ')}, and mends it`, async (context) => {
      demo.type(key);
      const shownMs = await untilShown(demo, service, codes);
      demo.type(key);
      const mendedMs = await untilShown(demo, service, []);
      context.diagnostic(
        `${key}: shown after ${Math.round(shownMs)} ms, mended after ${Math.round(mendedMs)} ms`,
      );
    });
  }

  test('n brings other source to all replicas of billing', async () => {
    const hashes = async (): Promise<readonly (string | null)[]> => {
      const { instances } = await demo.read<ServiceDocument>('/v1/admin/fleet/services/billing');
      return [...new Set(instances.map(({ source_hash: hash }) => hash))];
    };
    const [old] = await hashes();
    demo.type('n');
    await waitFor(
      'one new hash',
      async () => {
        const [now, ...others] = await hashes();
        return others.length === 0 && typeof now === 'string' && now !== old;
      },
      PATIENCE,
    );
  });

  test('m mends all that was broken, and another letter is told to be none', async () => {
    demo.type('rkz');
    await untilShown(demo, 'orders', ['INSTANCE_REFUSED']);
    demo.type('m');
    await untilShown(demo, 'orders', []);
    assert.match(demo.printed(), /"z" is no command/);
  });

  test('the page opens on it by the link, and shows what is broken', async () => {
    demo.type('kf');
    await untilShown(demo, 'orders', ['INSTANCE_REFUSED']);
    await untilShown(demo, 'billing', ['SOURCE_DRIFTED']);
    const browser = await startChromium();
    try {
      const page = await browser.context.newPage();
      await page.setViewportSize({ width: 1280, height: 700 });
      await page.goto(demo.link);
      await untilHeadline(page, '2 of 3 services need you');
      await page.getByRole('link', { name: 'INSTANCE_REFUSED' }).waitFor();
      await page.getByRole('link', { name: 'SOURCE_DRIFTED' }).waitFor();
      await takePicture(page, 'demo');
    } finally {
      await browser.close();
    }
  });

  test('x ends all of it', async () => {
    const family = await demo.family();
    assert.ok(family.length > 20, `${family.length} processes`);
    demo.type('x');
    await once(demo.child, 'exit');
    assert.equal(demo.child.exitCode, 0, demo.printed());
    await untilNobodyRuns(family);
  });
});

describe('it leaves no process', () => {
  for (const { how, end } of [
    { how: 'its input is closed', end: (demo: Demo) => void demo.child.stdin.end() },
    { how: 'it gets SIGTERM', end: async (demo: Demo) => process.kill(await mainOf(demo), 'SIGTERM') },
    { how: 'its terminal is closed', end: async (demo: Demo) => process.kill(await mainOf(demo), 'SIGHUP') },
    { how: 'its parent is killed', end: (demo: Demo) => void demo.child.kill('SIGKILL') },
    { how: 'it is killed itself', end: async (demo: Demo) => process.kill(await mainOf(demo), 'SIGKILL') },
  ]) {
    test(`when ${how}, with a frozen Postgres and a replica that hangs`, async () => {
      const demo = await startDemo();
      demo.type('ph');
      await waitFor('both', () => /hang orders.*INSTANCE_TIMEOUT\n[^]*hang orders/.test(demo.printed()));
      const family = await demo.family();
      await end(demo);
      await untilNobodyRuns(family);
    });
  }
});

/** npm's own process passes signals on; these are for the demo itself. */
async function mainOf(demo: Demo): Promise<number> {
  for (const pid of await demo.family()) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (command.split('\0')[1]?.endsWith('demo/main.mjs')) return pid;
  }
  return assert.fail(demo.printed());
}
