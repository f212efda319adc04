/** `npm run demo` as a process, as whoever started it sees it. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isRunning, waitFor } from 'portal-test-kit';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
export const PATIENCE = { timeoutMs: 120_000, everyMs: 100 };
/** The first start may have to build, and to fetch a Redis. */
const START = { timeoutMs: 300_000, everyMs: 100 };

export interface FleetDocument {
  readonly services: readonly {
    readonly name: string;
    readonly status: string;
    readonly codes: readonly string[];
    readonly instances: Readonly<Record<string, number>>;
  }[];
}

export interface Demo {
  readonly child: ChildProcessWithoutNullStreams;
  printed(): string;
  type(key: string): void;
  read<Body>(path: string): Promise<Body>;
  /** Signs in once. */
  readonly link: string;
  /** Of a session of its administrator. */
  readonly cookie: string;
  /** Every process that it has started, itself included. */
  family(): Promise<readonly number[]>;
}

/**
 * Starts it as a person does, and waits for the link; what it has started must be ended.
 *
 * @param folder - where it keeps everything
 * @param meanwhile - is awaited before
 */
export async function startDemo(folder: string, meanwhile?: () => Promise<void>): Promise<Demo> {
  const child = spawn('npm', ['run', 'demo', '--', folder], { cwd: ROOT });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (printed += text));
  await meanwhile?.();
  await waitFor(
    'the link of the demo',
    () => child.exitCode !== null || /^open /m.test(printed),
    START,
  ).catch(() => assert.fail(printed));
  const link = /^open\s+(\S+)$/m.exec(printed)?.[1] ?? assert.fail(printed);
  const cookie = `psession=${(await readFile(join(folder, 'service/service.session'), 'utf8')).trim()}`;
  return {
    child,
    link,
    cookie,
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

export async function untilNobodyRuns(family: readonly number[]): Promise<void> {
  await waitFor(
    'every process of the demo to end',
    async () => !(await Promise.all(family.map(isRunning))).includes(true),
    PATIENCE,
  );
}

/** Waits until `service` has one of these codes, or until it is healthy where there is none. */
export async function untilShown(demo: Demo, service: string, codes: readonly string[]): Promise<number> {
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

/** npm's own process passes signals on; these are for the demo itself. */
export async function mainOf(demo: Demo): Promise<number> {
  for (const pid of await demo.family()) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (command.split('\0')[1]?.endsWith('demo/main.mjs')) return pid;
  }
  return assert.fail(demo.printed());
}
