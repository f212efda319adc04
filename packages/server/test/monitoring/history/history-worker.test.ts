/**
 * The file and its thread: killed, damaged, taken, and on disks of no use.
 */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { waitFor } from 'portal-test-kit';
import type { FileTrouble } from '../../../src/infra/sqlite/sqlite-file.js';
import { SERIES, type StoredSample } from '../../../src/monitoring/history/series.js';
import { startHistoryWorker, type HistoryWorker } from '../../../src/monitoring/history/history-worker.js';

/** Lately: what is older than an hour has had its time. */
const NOW = Date.now() - 3_600_000;
const EVERYTHING = { fromMs: undefined, toMs: undefined, before: undefined, limit: 10 };

let folder: string;
const workers: HistoryWorker[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portal-history-'));
});

afterEach(async () => {
  await closeAll();
  await rm(folder, { recursive: true, force: true });
});

function start(path = join(folder, 'history.sqlite')) {
  const troubles: FileTrouble[] = [];
  const ends: unknown[] = [];
  const worker = startHistoryWorker({
    path,
    onTrouble: (trouble) => troubles.push(trouble),
    onEnd: (error) => ends.push(error),
  });
  workers.push(worker);
  return { worker, troubles, ends };
}

async function closeAll(): Promise<void> {
  await Promise.all(workers.splice(0).map((worker) => worker.close()));
}

function sample(at: number): StoredSample {
  return { at, status: 0, values: SERIES.map(() => 1) };
}

test('a run that was killed is known as lost, and when it was last heard of', async () => {
  const killed = start().worker;
  await killed.call('beginRun', NOW, { version: '1' });
  await killed.call('transitionEvent', {
    kind: 'status',
    beganAt: NOW + 1_000,
    endedAt: null,
    from: null,
    to: 'healthy',
    codes: [],
    details: {},
  });
  await killed.call('addSamples', [sample(NOW + 9_000)]);
  await closeAll();
  const next = start().worker;
  await next.call('beginRun', NOW + 60_000, { version: '1' });
  const { events } = await next.call('readEvents', EVERYTHING);
  assert.deepEqual(
    events.map(({ kind, ended_at, details }) => [kind, ended_at, details['end']]),
    [
      ['service', null, undefined],
      ['status', new Date(NOW + 9_000).toISOString(), undefined],
      ['service', new Date(NOW + 9_000).toISOString(), 'lost'],
    ],
  );
  await next.call('endRun', NOW + 61_000);
  await closeAll();
  const [last] = (await start().worker.call('readEvents', EVERYTHING)).events;
  assert.deepEqual([last?.ended_at, last?.details['end']], [new Date(NOW + 61_000).toISOString(), 'stopped']);
});

const DAMAGES: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  'another file': () => Buffer.from('no database at all '.repeat(1_000)),
  'cut off': (bytes) => bytes.subarray(0, Math.floor(bytes.length / 2)),
  'pages overwritten': (bytes) => bytes.fill(0x5a, 4_096 * 2, 4_096 * 6),
  'header overwritten': (bytes) => bytes.fill(0, 16, 100),
};

test('a damaged file is set aside under a name that says so, and a new one begun; few are kept', async () => {
  const path = join(folder, 'history.sqlite');
  for (const [name, damage] of Object.entries(DAMAGES)) {
    const { worker } = start();
    await worker.call(
      'addSamples',
      Array.from({ length: 500 }, (_, index) => sample(NOW + index * 1_000)),
    );
    await worker.call('endRun', NOW);
    await closeAll();
    const damaged = damage(await readFile(path));
    await writeFile(path, damaged);
    const next = start();
    const { events } = await next.worker.call('readEvents', EVERYTHING);
    assert.deepEqual(events, []);
    const [trouble] = next.troubles;
    assert.ok(trouble?.type === 'damaged', name);
    assert.match(trouble.keptAs, /^history\.sqlite\.damaged-[\dTZ-]+$/);
    assert.deepEqual(await readFile(join(folder, trouble.keptAs)), damaged, 'as it was');
    await next.worker.call('addSamples', [sample(NOW)]);
    await closeAll();
    await rm(path);
  }
  const kept = (await readdir(folder)).filter((one) => /damaged-[\dTZ-]+$/.test(one));
  assert.equal(kept.length, 2);
  assert.equal((await stat(join(folder, kept[0] ?? ''))).isFile(), true);
});

test('damage that comes while it is used is found, too', async () => {
  const path = join(folder, 'history.sqlite');
  const { worker, troubles } = start();
  // More than the cache holds, so that the disk has to be read.
  const samples = Array.from({ length: 150_000 }, (_, index) => sample(NOW + index * 20));
  await worker.call('addSamples', samples);
  await worker.call('endRun', NOW);
  await closeAll();
  const again = start();
  await again.worker.call('readEvents', EVERYTHING);
  const bytes = await readFile(path);
  await writeFile(path, bytes.fill(0x5a, 4_096));
  const plan = { table: 'samples', fromMs: NOW, toMs: NOW + 3_600_000, stepMs: 60_000 } as const;
  const { status } = await again.worker.call('readSamples', plan);
  assert.equal(troubles.length, 0);
  assert.equal(again.troubles[0]?.type, 'damaged');
  assert.ok(status.every((one) => one === null));
});

test('taken by another process, or of a newer program: what happens is in memory, and the file untouched', async () => {
  const path = join(folder, 'history.sqlite');
  const first = start();
  await first.worker.call('readEvents', EVERYTHING);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  const second = start();
  await second.worker.call('addSamples', [sample(NOW)]);
  assert.deepEqual(second.troubles, [{ type: 'not_kept', cause: 'IN_USE' }]);
  assert.deepEqual(first.troubles, []);
  await first.worker.call('endRun', NOW);
  await closeAll();

  const bytes = await readFile(path);
  // The version of the tables, as https://sqlite.org/fileformat.html has it.
  bytes.writeUInt32BE(99, 60);
  await writeFile(path, bytes);
  const newer = start();
  await newer.worker.call('addSamples', [sample(NOW)]);
  assert.deepEqual(newer.troubles, [{ type: 'not_kept', cause: 'NEWER' }]);
  await closeAll();
  assert.deepEqual(await readFile(path), bytes);
});

test('a folder that cannot be written to, or a file that cannot be one: in memory, with the cause', async () => {
  await writeFile(join(folder, 'file'), '');
  await mkdir(join(folder, 'folder'));
  const causes: readonly (readonly [string, string])[] = [
    [join(folder, 'file', 'history.sqlite'), 'ENOTDIR'],
    ['/proc/portal/history.sqlite', 'ENOENT'],
    [join(folder, 'folder'), 'SQLITE_CANTOPEN'],
    // A folder that is not for the service alone is neither closed to others nor used.
    ['/history.sqlite', 'DATA_FOLDER'],
  ];
  for (const [path, cause] of causes) {
    const { worker, troubles } = start(path);
    await worker.call('addSamples', [sample(NOW)]);
    const event = await worker.call('beginRun', NOW, {});
    assert.deepEqual((await worker.call('readEvents', EVERYTHING)).events, [event]);
    assert.deepEqual(troubles, [{ type: 'not_kept', cause }], path);
  }
});

test('what makes no sense is refused, and a closed history answers nothing', async () => {
  const { worker, ends } = start();
  await assert.rejects(worker.call('addEvent', {} as never), { name: 'RpcError' });
  await worker.call('readEvents', EVERYTHING);
  const asked = worker.call('readEvents', EVERYTHING);
  await worker.close();
  await asked.catch((error: { code?: string }) => assert.equal(error.code, 'THREAD_ENDED'));
  await assert.rejects(worker.call('readEvents', EVERYTHING), { code: 'THREAD_ENDED' });
  await waitFor('no other thread', () => ends.length === 0);
});

test('a thread that was told to end has not ended by itself, however late one hears of it', async () => {
  const { worker, ends } = start();
  await worker.call('readEvents', EVERYTHING);
  const ended = worker.callLast('endRun', NOW);
  // While this thread stands still the reply and the end arrive, and it hears of both at one moment.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_000);
  await ended;
  await waitFor('the thread to be gone', () =>
    worker.call('readEvents', EVERYTHING).then(
      () => false,
      () => true,
    ),
  );
  assert.deepEqual(ends, []);
});

test('of a thread that ended without an error it is said with which number', async () => {
  const { worker, ends } = start();
  await worker.call('endRun', NOW);
  await waitFor('its end', () => ends.length === 1);
  assert.deepEqual(
    ends.map((error) => error instanceof Error && 'code' in error && error.code),
    ['THREAD_EXIT_0'],
  );
});
