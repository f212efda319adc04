/**
 * Files and folders that nobody else may read, and what of them may be believed: only what nobody else could have put
 * there. Windows has neither owners nor modes of this kind, so there nothing is asked.
 */
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  statSync,
} from 'node:fs';
import { readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, parse, resolve, sep } from 'node:path';
import { errorCode } from './error-code.js';

/** Something on the disk that somebody else has, or could have changed: one sentence, for whoever runs the service. */
export class UntrustedError extends Error {
  readonly code = 'UNTRUSTED';
}

const WRITABLE_BY_GROUP = 0o020;
const WRITABLE_BY_OTHERS = 0o002;
const STICKY = 0o1000;
/** Links that lead to links: as many as Linux follows. */
const MOST_LINKS = 40;

/** Our own user; `undefined` where there are no such numbers. */
export function ourUid(): number | undefined {
  return process.geteuid?.();
}

/**
 * Whether a file of this user can be believed: our own, root's, or of whom the root folder belongs to, who is root under
 * another number where a container maps users.
 */
export function isTrusted(uid: number): boolean {
  return uid === ourUid() || uid === 0 || uid === statSync(parse(process.cwd()).root).uid;
}

/** A user in words. */
export function userInWords(uid: number): string {
  return uid === 0 ? 'root' : `user ${uid}`;
}

/**
 * Where a path leads, link by link. A link of somebody else leads where they please; and where everybody may write, and
 * no sticky bit keeps one from what is another's, everybody may put something else into its place at any moment. The
 * root of a mount is let pass: Kubernetes' `emptyDir` is one, and writable for all.
 *
 * @returns the path without links; what is not there is kept as it is
 * @throws UntrustedError; an error of the file system
 */
export function followTrusted(path: string): string {
  if (ourUid() === undefined) return resolve(path);
  let links = 0;
  let [at, rest] = split(resolve(path));
  for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
    const next = join(at, name);
    assertNotOpenToAll(at);
    const stat = lstatSync(next, { throwIfNoEntry: false });
    if (stat === undefined) return join(next, ...rest);
    if (stat.isSymbolicLink()) {
      if (!isTrusted(stat.uid)) {
        throw new UntrustedError(`the link ${next} belongs to ${userInWords(stat.uid)}`);
      }
      links += 1;
      if (links > MOST_LINKS) throw new UntrustedError(`${next} is a link that leads to itself`);
      const [start, more] = split(resolve(at, readlinkSync(next)));
      [at, rest] = [start, [...more, ...rest]];
    } else at = next;
  }
  return at;
}

function split(path: string): [root: string, names: string[]] {
  const { root } = parse(path);
  return [root, path.slice(root.length).split(sep).filter(Boolean)];
}

function assertNotOpenToAll(folder: string): void {
  const { mode, uid, dev } = statSync(folder);
  if ((mode & WRITABLE_BY_OTHERS) === 0 || (mode & STICKY) !== 0) return;
  if (isTrusted(uid) && statSync(dirname(folder)).dev !== dev) return;
  throw new UntrustedError(`everybody may put something else into ${folder}, which has no sticky bit`);
}

/** Most that is read of a file that is believed. */
const MOST_BYTES = 64 * 1024;

/**
 * Reads a file that we believe: a plain one, our own or root's, that nobody else can change, of at most 64 KiB.
 *
 * @throws UntrustedError, whose message is a reason without a subject; an error of the file system
 */
export function readTrustedSync(path: string): string {
  const file = followTrusted(path);
  // A pipe without a writer would be waited for.
  const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new UntrustedError('it is no file');
    if (stat.size > MOST_BYTES) throw new UntrustedError(`it has more than ${MOST_BYTES / 1024} KiB`);
    if (ourUid() !== undefined) {
      if (!isTrusted(stat.uid)) throw new UntrustedError(`it belongs to ${userInWords(stat.uid)}`);
      if ((stat.mode & (WRITABLE_BY_GROUP | WRITABLE_BY_OTHERS)) !== 0) {
        throw new UntrustedError('others can write to it; "chmod go-w" ends that');
      }
    }
    return readFileSync(fd, 'utf8');
  } finally {
    closeSync(fd);
  }
}

/**
 * Whether nobody else can have put anything into a folder, however deep: what is run must be so.
 *
 * @throws an error of the file system
 */
export async function isTrustedTree(folder: string): Promise<boolean> {
  if (ourUid() === undefined) return true;
  const { uid, mode } = lstatSync(folder);
  if (!isTrusted(uid) || (mode & (WRITABLE_BY_GROUP | WRITABLE_BY_OTHERS)) !== 0) return false;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !(await isTrustedTree(path))) return false;
    const stat = lstatSync(path);
    const isOpen = (stat.mode & (WRITABLE_BY_GROUP | WRITABLE_BY_OTHERS)) !== 0;
    // A link has no mode of its own.
    if (!isTrusted(stat.uid) || (isOpen && !stat.isSymbolicLink())) return false;
  }
  return true;
}

/** Writes a file that only we can read, all of it or none. */
export async function writePrivate(file: string, text: string): Promise<void> {
  const unfinished = `${file}.${process.pid}`;
  // What a killed process of that number left, or somebody put there, is not written into.
  await rm(unfinished, { force: true });
  await writeFile(unfinished, text, { mode: 0o600, flag: 'wx' });
  await rename(unfinished, file);
}

/**
 * Makes the file, empty, for whoever opens it next: what SQLite then puts beside it gets the same mode. One that is there
 * is closed to others.
 */
export function makePrivateSync(file: string): void {
  const fd = openSync(file, constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    if ((fstatSync(fd).mode & 0o077) !== 0) fchmodSync(fd, 0o600);
  } finally {
    closeSync(fd);
  }
}

/** Closes a file to others, if it is there. */
export function closeToOthersSync(file: string): void {
  try {
    if ((lstatSync(file).mode & 0o077) !== 0) chmodSync(file, 0o600);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}
