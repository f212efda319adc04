/**
 * What the kernel knows of a process. Linux only: everything is read from /proc.
 */
import { closeSync, openSync, readFileSync, readlinkSync, readSync, statSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { systemCode } from 'portal-shared/error-code';
import { InconclusiveError } from 'portal-shared/cli/command';
import { unreadableText } from './process-root.js';

export interface ProcessFacts {
  readonly pid: number;
  readonly startedAt: Date;
  /** Path of the program in the process's own root, and whether another file has taken its place. */
  readonly program: string;
  readonly isProgramReplaced: boolean;
  readonly programDigest: string;
  /** Whether it has what only Node.js has: what is called so may be anything. */
  readonly isNode: boolean;
  /** Whether it is a Node.js that holds an application, which it runs whatever script it is given. */
  readonly holdsApplication: boolean;
  /** The command line, the name of the program left out; a process can rewrite its own. */
  readonly words: readonly string[];
  readonly folder: string;
  readonly environment: ReadonlyMap<string, string>;
  readonly mapped: readonly MappedFile[];
  /** Mount points, absolute in the process's root. */
  readonly mounts: readonly string[];
  /** Whether its root is not ours, and whether its mounts are its own. */
  readonly hasOwnRoot: boolean;
  readonly hasOwnMounts: boolean;
}

/** A file of which code is mapped. */
export interface MappedFile {
  /** Absolute in the process's root; `memfd:x` for one that never was a file. */
  readonly path: string;
  /** Whether another file lies there by now, or none. */
  readonly isReplaced: boolean;
}

/**
 * @throws InconclusiveError when something of it is not ours to read, or the process is gone
 */
export function readProcess(pid: number): ProcessFacts {
  if (process.platform !== 'linux') {
    throw new InconclusiveError(
      '--pid reads /proc, which only Linux has; check the folder and the URL here.',
    );
  }
  const proc = `/proc/${pid}`;
  const read = <Value>(what: string, how: () => Value): Value => {
    try {
      return how();
    } catch (error) {
      if (error instanceof InconclusiveError) throw error;
      throw new InconclusiveError(unreadableText(what, pid, systemCode(error)));
    }
  };
  const startTicks = read('the start', () => ticksOfStart(proc));
  // Without mounts of its own, what the kernel names begins with the path of the root that it has.
  const top = read('the root', () => readlinkSync(`${proc}/root`)).replace(/\/$/, '');
  const inRoot = (path: string): string => (path.startsWith(`${top}/`) ? path.slice(top.length) : path);
  const [program, isProgramReplaced] = read('the program', () => linkTarget(`${proc}/exe`));
  const {
    digest: programDigest,
    isNode,
    holdsApplication,
  } = read('the program', () => readProgram(`${proc}/exe`));
  const maps = read('the mappings', () => readFileSync(`${proc}/maps`, 'utf8'));
  const facts = {
    pid,
    programDigest,
    isNode: isNode || LIBRARY_OF_NODE.test(maps),
    holdsApplication,
    startedAt: read('the start', () => timeOfTicks(startTicks)),
    program: inRoot(program),
    isProgramReplaced,
    words: zeroEnded(read('the command line', () => readFileSync(`${proc}/cmdline`, 'utf8'))).slice(1),
    folder: inRoot(read('the working folder', () => readlinkSync(`${proc}/cwd`))),
    environment: environmentOf(read('the environment', () => readFileSync(`${proc}/environ`, 'utf8'))),
    mapped: mappedFiles(maps, (path) => `${proc}/root${inRoot(path)}`).map(({ path, isReplaced }) => ({
      path: inRoot(path),
      isReplaced,
    })),
    mounts: mountPoints(read('the mounts', () => readFileSync(`${proc}/mountinfo`, 'utf8'))),
    hasOwnRoot: read('the root', () => isAnother(`${proc}/root`, '/proc/self/root')),
    hasOwnMounts: read(
      'the mounts',
      () => readlinkSync(`${proc}/ns/mnt`) !== readlinkSync('/proc/self/ns/mnt'),
    ),
  };
  // Numbers are given out again.
  if (read('the start', () => ticksOfStart(proc)) !== startTicks) {
    throw new InconclusiveError(`Process ${pid} ended while it was read.`);
  }
  return facts;
}

/** Ticks since the machine started, field 22; the name before it may hold anything. */
function ticksOfStart(proc: string): number {
  const stat = readFileSync(`${proc}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
}

/** Linux tells programs of ticks of a hundredth of a second, whatever its own are. */
const TICKS_PER_SECOND = 100;

/** Within 10 ms by the time since the machine started; in a container that tells another one, by our own start. */
function timeOfTicks(ticks: number): Date {
  const [uptime = ''] = readFileSync('/proc/uptime', 'utf8').split(' ');
  const byUptimeMs = Date.now() - (Number(uptime) - ticks / TICKS_PER_SECOND) * 1_000;
  const byOursMs = performance.timeOrigin - ((ticksOfStart('/proc/self') - ticks) / TICKS_PER_SECOND) * 1_000;
  return new Date(Math.abs(byUptimeMs - byOursMs) < 2_000 ? byUptimeMs : byOursMs);
}

/** A path, and whether the kernel says that the file is gone from there. */
function linkTarget(link: string): [string, boolean] {
  const target = readlinkSync(link);
  return target.endsWith(DELETED) ? [target.slice(0, -DELETED.length), true] : [target, false];
}

const DELETED = ' (deleted)';

/** What every build of Node.js exports for addons, in its program or, as in Debian, in its library. */
const MARK_OF_NODE = 'node_module_register';
const LIBRARY_OF_NODE = /^\S+ ..x.*\/libnode\.so[.\d]*$/m;

/** What an application is put into a Node.js by: `:0` as it is built. */
const MARK_OF_APPLICATION = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:1';

function readProgram(file: string) {
  const digest = createHash('sha256');
  const node = createSearch(MARK_OF_NODE);
  const application = createSearch(MARK_OF_APPLICATION);
  const buffer = Buffer.allocUnsafe(1 << 20);
  const descriptor = openSync(file, 'r');
  try {
    for (let count = readSync(descriptor, buffer); count > 0; count = readSync(descriptor, buffer)) {
      const portion = buffer.subarray(0, count);
      digest.update(portion);
      node.note(portion);
      application.note(portion);
    }
  } finally {
    closeSync(descriptor);
  }
  return { digest: digest.digest('hex'), isNode: node.isFound(), holdsApplication: application.isFound() };
}

/** Finds a mark in portions, and across the end of one. */
function createSearch(mark: string) {
  let isFound = false;
  let end = '';
  return {
    note(portion: Buffer): void {
      const start = portion.subarray(0, mark.length).toString('latin1');
      isFound ||= portion.includes(mark) || (end + start).includes(mark);
      end = portion.subarray(-mark.length).toString('latin1');
    },
    isFound: () => isFound,
  };
}

function zeroEnded(text: string): readonly string[] {
  return text.replace(/\0+$/, '').split('\0');
}

/** The first of a name counts, as for programs. */
function environmentOf(text: string): ReadonlyMap<string, string> {
  const environment = new Map<string, string>();
  for (const entry of zeroEnded(text)) {
    const end = entry.indexOf('=');
    const name = entry.slice(0, Math.max(0, end));
    if (end > 0 && !environment.has(name)) environment.set(name, entry.slice(end + 1));
  }
  return environment;
}

/** Lines are `from-to rwxp offset major:minor inode path`. */
const MAPPING = /^\S+ ..(x). \S+ (\S+) (\d+) +(\S.*)$/;

function mappedFiles(maps: string, ourPath: (path: string) => string): readonly MappedFile[] {
  const files = new Map<string, MappedFile>();
  for (const line of maps.split('\n')) {
    const [, , device = '', inode = '', name = ''] = MAPPING.exec(line) ?? [];
    if (name === '' || inode === '0') continue;
    const isDeleted = name.endsWith(DELETED);
    // The kernel writes line ends as octal numbers.
    const path = (isDeleted ? name.slice(0, -DELETED.length) : name).replaceAll(String.raw`\012`, '\n');
    const isMemory = path.startsWith('/memfd:');
    files.set(path, {
      path: isMemory ? path.slice(1) : path,
      isReplaced: !isMemory && (isDeleted || isAnotherFile(ourPath(path), device, inode)),
    });
  }
  return [...files.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** File systems in layers tell other numbers here and there: only on the same device do they mean something. */
function isAnotherFile(path: string, device: string, inode: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) return true;
  const [major = 0, minor = 0] = device.split(':').map((part) => Number.parseInt(part, 16));
  const isSameDevice = stats.dev === (((major & 0xff_f) << 8) | (minor & 0xff) | ((minor & ~0xff) << 12));
  return isSameDevice && String(stats.ino) !== inode;
}

/** Field 5, in which blanks and the like are octal numbers. */
function mountPoints(mountinfo: string): readonly string[] {
  return mountinfo
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((point) => point !== '')
    .map((point) =>
      point.replaceAll(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
    );
}

function isAnother(link: string, other: string): boolean {
  const [a, b] = [statSync(link), statSync(other)];
  return a.dev !== b.dev || a.ino !== b.ino;
}
