/**
 * What the container of this process allows, from the files of its control group, version 1 or 2. A group has the limits of
 * those above it as well, so each of them is looked at.
 */
import type { SmallFiles } from './small-files.js';

/** In bytes. */
export interface MemoryReading {
  /** In use, without what the kernel can drop. */
  readonly usedBytes: number;
  readonly limitBytes: number;
}

/** Since the group was made. */
export interface ThrottlingReading {
  /** Periods in which the group had something to do. */
  readonly periods: number;
  /** Of these, the ones in which it was held back. */
  readonly throttled: number;
  readonly throttledMs: number;
}

export interface Cgroup {
  /** Of the group that is nearest to its limit; `null` when there is no limit, or no group. */
  memory(): MemoryReading | null;
  /** Of the nearest group that has a limit; `null` when there is none. */
  throttling(): ThrottlingReading | null;
}

/** One group with a limit. */
interface MemoryLimit {
  readonly limitBytes: number;
  readonly usagePath: string;
  readonly statPath: string;
  /** In `memory.stat`: pages of files and the like, which the kernel drops when memory is short. */
  readonly droppable: readonly string[];
}

/** Where the files of a controller are, the nearest group first. */
interface Controller {
  readonly isFirstVersion: boolean;
  readonly folders: readonly string[];
}

const DROPPABLE = {
  first: ['total_inactive_file', 'total_active_file'],
  second: ['inactive_file', 'active_file', 'slab_reclaimable'],
} as const;
const MOUNT = '/sys/fs/cgroup';
/** Groups above this one. */
const DEEPEST = 8;
/** Only then are pages that the kernel can drop subtracted: it takes another file. */
const WORTH_A_LOOK = 0.8;

/**
 * Finds the groups once; limits that are changed are found by finding them again.
 *
 * @param machineBytes - memory of the machine: a limit above it is none, as 9223372036854771712 is in version 1
 */
export function findCgroup(files: SmallFiles, machineBytes: number): Cgroup {
  const own = files.read('/proc/self/cgroup') ?? '';
  const limits = memoryLimits(files, controllerOf(own, 'memory'), machineBytes);
  const cpu = throttledGroup(files, controllerOf(own, 'cpu'));
  return {
    memory() {
      const readings = limits.flatMap((limit) => memoryReading(files, limit) ?? []);
      return readings.toSorted((one, other) => share(other) - share(one))[0] ?? null;
    },
    throttling: () => (cpu === undefined ? null : throttlingIn(files.read(cpu))),
  };
}

/** A line of the file is `4:memory:/path` in version 1 and `0::/path` in version 2; both may be there. */
function controllerOf(own: string, name: string): Controller {
  const lines = own.split('\n').map((line) => line.split(':'));
  const first = lines.find(([, names = '']) => names.split(',').includes(name));
  const [, names = '', ...path] = first ?? lines.find(([, none]) => none === '') ?? [];
  const mount = first === undefined ? MOUNT : `${MOUNT}/${names}`;
  const mounts = first !== undefined && names !== name ? [mount, `${MOUNT}/${name}`] : [mount];
  const paths = withThoseAbove(path.join(':'));
  return {
    isFirstVersion: first !== undefined,
    folders: mounts.flatMap((one) => paths.map((each) => one + each)),
  };
}

/** `/a/b`, `/a` and the root, as ``. A path that leads out of what this process may see has only the root. */
function withThoseAbove(path: string): readonly string[] {
  const parts = path.split('/').filter((part) => part !== '');
  if (parts.includes('..')) return [''];
  const paths = parts.map((_part, index) => `/${parts.slice(0, parts.length - index).join('/')}`);
  return [...paths.slice(0, DEEPEST), ''];
}

function memoryLimits(
  files: SmallFiles,
  { isFirstVersion, folders }: Controller,
  machineBytes: number,
): readonly MemoryLimit[] {
  return folders.flatMap((folder) => {
    const limit = files.read(`${folder}/${isFirstVersion ? 'memory.limit_in_bytes' : 'memory.max'}`);
    const limitBytes = numberIn(limit);
    if (limitBytes === null || limitBytes >= machineBytes || limitBytes === 0) return [];
    return [
      {
        limitBytes,
        usagePath: `${folder}/${isFirstVersion ? 'memory.usage_in_bytes' : 'memory.current'}`,
        statPath: `${folder}/memory.stat`,
        droppable: isFirstVersion ? DROPPABLE.first : DROPPABLE.second,
      },
    ];
  });
}

function memoryReading(
  files: SmallFiles,
  { limitBytes, usagePath, statPath, droppable }: MemoryLimit,
): MemoryReading | undefined {
  const usage = numberIn(files.read(usagePath));
  if (usage === null) return undefined;
  if (usage < limitBytes * WORTH_A_LOOK) return { usedBytes: usage, limitBytes };
  const stat = files.read(statPath);
  const dropped = droppable.reduce((sum, name) => sum + (fieldIn(stat, name) ?? 0), 0);
  return { usedBytes: Math.max(0, usage - dropped), limitBytes };
}

function share({ usedBytes, limitBytes }: MemoryReading): number {
  return usedBytes / limitBytes;
}

/** The nearest one that has had periods: others have no limit. */
function throttledGroup(files: SmallFiles, { folders }: Controller): string | undefined {
  const paths = folders.map((folder) => `${folder}/cpu.stat`);
  const readings = paths.map((path) => throttlingIn(files.read(path)));
  const limited = readings.findIndex((reading) => reading !== null && reading.periods > 0);
  return limited === -1 ? undefined : paths[limited];
}

function throttlingIn(text: string | undefined): ThrottlingReading | null {
  const periods = fieldIn(text, 'nr_periods');
  const throttled = fieldIn(text, 'nr_throttled');
  if (periods === null || throttled === null) return null;
  // Nanoseconds in version 1, microseconds in version 2.
  const throttledMs =
    (fieldIn(text, 'throttled_time') ?? 0) / 1e6 + (fieldIn(text, 'throttled_usec') ?? 0) / 1e3;
  return { periods, throttled, throttledMs };
}

/** The number after a name, in a file of lines `name number`. */
function fieldIn(text: string | undefined, name: string): number | null {
  const line = text?.split('\n').find((each) => each.startsWith(`${name} `));
  return line === undefined ? null : numberIn(line.slice(name.length + 1));
}

/** `null` for `max` and for what is no number. */
function numberIn(text: string | undefined): number | null {
  return text !== undefined && /^\d+\s*$/.test(text) ? Number(text) : null;
}
