/** The process of this test, read as it is: what it does to itself is seen. */
import assert from 'node:assert/strict';
import { pbkdf2 } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, test } from 'node:test';
import { waitFor } from 'portal-test-kit';
import { createEventLoopWatch } from '../../../src/probes/event-loop.js';
import { youngGenerationBytes } from '../../../src/reasons/process/heap-watch.js';
import { createProcessSource, type ProcessSource } from '../../../src/reasons/process/process-source.js';

const MIB = 2 ** 20;
const LIMIT = 40;

let root: string;

before(async () => {
  root = await mkdtemp(join(tmpdir(), 'portal-process-'));
  await mkdir(join(root, 'proc/self/fd'), { recursive: true });
  await writeFile(
    join(root, 'proc/self/limits'),
    `Limit                     Soft Limit           Hard Limit           Units\nMax open files            ${LIMIT}                   1048576              files\n`,
  );
});

after(() => rm(root, { recursive: true, force: true }));

function codes(source: ProcessSource): readonly string[] {
  return source.latest()?.sightings.map(({ code }) => code) ?? [];
}

async function withSource(
  options: Partial<Parameters<typeof createProcessSource>[0]>,
  work: (source: ProcessSource) => Promise<void>,
): Promise<void> {
  const source = createProcessSource({
    blocks: () => [],
    connections: () => [],
    everyMs: 20,
    whileTroubledMs: 20,
    isTroubled: () => false,
    tickMs: 10,
    ...options,
  });
  assert.equal(source.latest(), undefined);
  source.start();
  source.start();
  try {
    await work(source);
  } finally {
    await source.close?.();
  }
}

test('of a process that is well nothing is said, and its source holds no process', async () => {
  const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const timersBefore = timers();
  await withSource({}, async (source) => {
    assert.equal(timers(), timersBefore);
    const first = source.latest()?.atMs ?? 0;
    await waitFor('another reading', () => (source.latest()?.atMs ?? 0) > first);
    assert.deepEqual(codes(source), []);
  });
});

test('busy threads, until they are free again', async () => {
  await withSource({}, async (source) => {
    const jobs = Array.from(
      { length: 8 },
      () => new Promise((resolve) => pbkdf2('p', 's', 200_000, 64, 'sha512', resolve)),
    );
    await waitFor('the threads to be busy', () => codes(source).includes('THREAD_POOL_BUSY'));
    await Promise.all(jobs);
    await waitFor('the threads to be free', () => !codes(source).includes('THREAD_POOL_BUSY'));
  });
});

test('a block of the event loop, with the CPU time of it', async () => {
  const watch = createEventLoopWatch({ delayedAfterMs: 100, keepsBlocks: true });
  watch.start();
  try {
    await withSource({ blocks: () => watch.blocks() }, async (source) => {
      const endMs = performance.now() + 300;
      while (performance.now() < endMs);
      await waitFor('the block', () => codes(source).includes('EVENT_LOOP_DELAYED'));
      const figures = source.latest()?.sightings[0]?.figures;
      assert.ok(Number(figures?.['longest_ms']) >= 190, JSON.stringify(figures));
      assert.ok(Number(figures?.['cpu_percent']) > 5, 'it computed, on however busy a machine');
      const [computed, waited] = [figures?.['cpu_percent'], figures?.['waited_percent']].map(Number);
      assert.ok((computed ?? 0) + (waited ?? 0) > 50, 'it computed or waited for others');
    });
  } finally {
    watch.close();
  }
});

test('a block in which it waited for something else than a processor: neither computed nor kept by others', async () => {
  const watch = createEventLoopWatch({ delayedAfterMs: 100, keepsBlocks: true });
  watch.start();
  try {
    await sleep(200);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_000);
    await waitFor('the block', () => watch.blocks().some(({ lateMs }) => lateMs > 1_500));
    const { waitedMs = null } = watch.blocks().find(({ lateMs }) => lateMs > 1_500) ?? {};
    assert.ok(waitedMs !== null && waitedMs < 1_000, `${waitedMs} ms`);
  } finally {
    watch.close();
  }
});

test('descriptors by the number of the newest one', async () => {
  await withSource({ root }, async (source) => {
    assert.deepEqual(codes(source), []);
    const open = Array.from({ length: LIMIT }, () => openSync(root, 'r'));
    try {
      await waitFor('too many descriptors', () => codes(source).includes('DESCRIPTORS_NEAR_LIMIT'));
    } finally {
      for (const descriptor of open) closeSync(descriptor);
    }
    await waitFor('enough of them', () => codes(source).length === 0);
  });
});

test('descriptors with a gap below them are counted, at each reading', async () => {
  const own = await mkdtemp(join(tmpdir(), 'portal-process-'));
  const first = openSync(root, 'r');
  const open: number[] = [];
  try {
    await mkdir(join(own, 'proc/self'), { recursive: true });
    await symlink('/proc/self/fd', join(own, 'proc/self/fd'));
    const { length } = await readdir('/proc/self/fd');
    await writeFile(
      join(own, 'proc/self/limits'),
      `Max open files            ${length + LIMIT}                   1048576              files\n`,
    );
    await withSource({ root: own }, async (source) => {
      await waitFor('a first reading', () => source.latest() !== undefined);
      assert.deepEqual(codes(source), []);
      open.push(...Array.from({ length: LIMIT }, () => openSync(root, 'r')));
      closeSync(first);
      await waitFor('too many descriptors', () => codes(source).includes('DESCRIPTORS_NEAR_LIMIT'));
    });
  } finally {
    for (const descriptor of open) closeSync(descriptor);
    await rm(own, { recursive: true, force: true });
  }
});

test('the young generation is no part of what survives, whatever its size', () => {
  assert.equal(youngGenerationBytes(''), 48 * MIB);
  assert.equal(youngGenerationBytes('--max-semi-space-size=4'), 12 * MIB);
  assert.equal(youngGenerationBytes('--max_semi_space_size 64 --inspect'), 192 * MIB);
});
