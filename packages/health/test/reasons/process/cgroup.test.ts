/** Limits of a container, by the files of control groups as they are on real machines. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { findCgroup, type Cgroup } from '../../../src/reasons/process/cgroup.js';
import { createSmallFiles } from '../../../src/reasons/process/small-files.js';

const GIB = 2 ** 30;
const MACHINE_BYTES = 24 * GIB;

type Tree = Readonly<Record<string, string>>;

async function withCgroup(tree: Tree, work: (cgroup: Cgroup) => void): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'portal-cgroup-'));
  try {
    for (const [path, text] of Object.entries(tree)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text);
    }
    work(findCgroup(createSmallFiles(root), MACHINE_BYTES));
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** A container of Docker on version 2, which sees itself as the root: 512 MiB, one and a half processors. */
const SECOND: Tree = {
  '/proc/self/cgroup': '0::/\n',
  '/sys/fs/cgroup/memory.max': '536870912\n',
  '/sys/fs/cgroup/memory.current': '520093696\n',
  '/sys/fs/cgroup/memory.stat':
    'anon 405798912\nfile 104857600\ninactive_file 83886080\nactive_file 20971520\nslab_reclaimable 1048576\n',
  '/sys/fs/cgroup/cpu.stat':
    'usage_usec 9031204\nuser_usec 8300112\nsystem_usec 731092\nnr_periods 1200\nnr_throttled 480\nthrottled_usec 36000000\nnr_bursts 0\nburst_usec 0\n',
};

/** A container of Docker on version 1: the path is the machine's, and the mount shows the container alone. */
const FIRST: Tree = {
  '/proc/self/cgroup':
    '12:memory:/docker/0f3c\n11:cpu,cpuacct:/docker/0f3c\n10:pids:/docker/0f3c\n1:name=systemd:/docker/0f3c\n0::/system.slice/docker.service\n',
  '/sys/fs/cgroup/memory/memory.limit_in_bytes': '268435456\n',
  '/sys/fs/cgroup/memory/memory.usage_in_bytes': '262144000\n',
  '/sys/fs/cgroup/memory/memory.stat':
    'cache 1000\ninactive_file 1\ntotal_inactive_file 2097152\ntotal_active_file 1048576\n',
  '/sys/fs/cgroup/cpu,cpuacct/cpu.stat': 'nr_periods 600\nnr_throttled 30\nthrottled_time 2500000000\n',
};

describe('of a container', () => {
  test('of version 2: what the kernel can drop is not counted', async () => {
    await withCgroup(SECOND, (cgroup) => {
      const usedBytes = 520_093_696 - 83_886_080 - 20_971_520 - 1_048_576;
      assert.deepEqual(cgroup.memory(), { usedBytes, limitBytes: 536_870_912 });
      assert.deepEqual(cgroup.throttling(), { periods: 1_200, throttled: 480, throttledMs: 36_000 });
    });
  });

  test('of version 1: with everything below it', async () => {
    await withCgroup(FIRST, (cgroup) => {
      const usedBytes = 262_144_000 - 2_097_152 - 1_048_576;
      assert.deepEqual(cgroup.memory(), { usedBytes, limitBytes: 268_435_456 });
      assert.deepEqual(cgroup.throttling(), { periods: 600, throttled: 30, throttledMs: 2_500 });
    });
  });

  test('the group above may be nearer to its limit, as that of a pod is', async () => {
    const above = '/sys/fs/cgroup/kubepods/pod1';
    const tree = {
      '/proc/self/cgroup': '0::/kubepods/pod1/c1\n',
      [`${above}/c1/memory.max`]: `${4 * GIB}\n`,
      [`${above}/c1/memory.current`]: `${GIB}\n`,
      [`${above}/memory.max`]: `${2 * GIB}\n`,
      [`${above}/memory.current`]: `${1.75 * GIB}\n`,
      [`${above}/memory.stat`]: 'inactive_file 0\n',
      [`${above}/c1/cpu.stat`]: 'nr_periods 0\nnr_throttled 0\nthrottled_usec 0\n',
      [`${above}/cpu.stat`]: 'nr_periods 10\nnr_throttled 3\nthrottled_usec 400\n',
    };
    await withCgroup(tree, (cgroup) => {
      assert.deepEqual(cgroup.memory(), { usedBytes: 1.75 * GIB, limitBytes: 2 * GIB });
      assert.deepEqual(cgroup.throttling(), { periods: 10, throttled: 3, throttledMs: 0.4 });
    });
  });
});

describe('no limit', () => {
  for (const [how, tree] of [
    ['no file at all, as on another system', {}],
    ['of version 2', { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/memory.max': 'max\n' }],
    [
      'of version 1, as the largest number of pages',
      {
        '/proc/self/cgroup': '4:memory:/process_api/a937\n2:cpu:/\n0::/\n',
        '/sys/fs/cgroup/memory/process_api/a937/memory.limit_in_bytes': '9223372036854771712\n',
        '/sys/fs/cgroup/memory/process_api/a937/memory.usage_in_bytes': '5000000000\n',
        '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
        '/sys/fs/cgroup/cpu/cpu.stat': 'nr_periods 0\nnr_throttled 0\nthrottled_time 0\n',
      },
    ],
    [
      'above what the machine has',
      { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/memory.max': `${MACHINE_BYTES}\n` },
    ],
    ['files that say nothing', { '/proc/self/cgroup': '\n::\nx', '/sys/fs/cgroup/memory.max': '-1\n' }],
    [
      'a path that leads out',
      { '/proc/self/cgroup': '0::/../../..\n', '/sys/fs/cgroup/cpu.stat': 'nr_periods x\n' },
    ],
  ] as const) {
    test(how, async () => {
      await withCgroup(tree, (cgroup) => {
        assert.equal(cgroup.memory(), null);
        assert.equal(cgroup.throttling(), null);
      });
    });
  }
});

test('above 4 GiB nothing overflows', async () => {
  const tree = {
    ...SECOND,
    '/sys/fs/cgroup/memory.max': `${9 * GIB}\n`,
    '/sys/fs/cgroup/memory.current': `${5 * GIB}\n`,
  };
  await withCgroup(tree, (cgroup) => {
    assert.deepEqual(cgroup.memory(), { usedBytes: 5 * GIB, limitBytes: 9 * GIB });
  });
});
