/**
 * The folder in which the service and its embedded servers keep what is theirs: closed to everybody else. What is in it
 * is believed, passwords and programs included, so it must be such that nobody else can have put it there.
 */
import { randomUUID } from 'node:crypto';
import { chmodSync, lstatSync, type Stats } from 'node:fs';
import { mkdir, open, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { errorCode } from 'portal-shared/error-code';
import {
  closeToOthersSync,
  followTrusted,
  isTrusted,
  ourUid,
  UntrustedError,
  userInWords,
} from 'portal-shared/private-files';

/** The user who runs us has the folder; nobody else may so much as look into it. */
const MODE = 0o700;
/** Any of these tells a folder that we made from one that was given by mistake, such as `/etc`: only ours is mended. */
const MARKS = ['service.json', 'postgres.password', 'history.sqlite', 'fleet.sqlite'];
/** All that we ever put there; `test-kit` and `demo` are of this project's own checkout, the last of the file system. */
const KNOWN_ENTRIES =
  /^(postgres|redis$|service\.|source\.sha256|(history|fleet)\.sqlite|\.writable-|(test-kit|demo)$|lost\+found$)/;
/** The files of PostgreSQL, which may run as another user, and looks after them by itself. */
const OF_POSTGRES = /^postgres($|\.making-)/;

/** A data folder that must not be used: a sentence for whoever runs the service. */
export class DataFolderError extends Error {
  readonly code = 'DATA_FOLDER';
}

/**
 * Makes the folder if there is none, closes it to others, and makes sure that it can be written to.
 *
 * @returns its real path
 * @throws DataFolderError when somebody else could have put something into it; an Error of one sentence when it cannot be
 * used otherwise
 */
export async function openDataFolder(dataDir: string): Promise<string> {
  const folder = resolve(dataDir);
  try {
    const real = trusting(folder, () => followTrusted(folder));
    await makeFolder(real);
    await claim(real);
    // Tried, not asked for: root passes every question, and then finds the file system read-only.
    // A name of its own for each try: two servers may open the folder at once.
    const trial = join(real, `.writable-${randomUUID()}`);
    await writeFile(trial, '', { mode: 0o600, flag: 'wx' });
    await rm(trial);
    return real;
  } catch (error) {
    if (error instanceof DataFolderError) throw error;
    throw new Error(
      `The data folder ${folder} cannot be written to (${errorCode(error)}); set PORTAL_DATA_DIR to one that can.`,
      { cause: error },
    );
  }
}

/**
 * Whether there is a folder that may be believed, without making or mending one.
 *
 * @throws DataFolderError when there is one and it may not
 */
export function isDataFolder(dataDir: string): boolean {
  const folder = resolve(dataDir);
  const real = trusting(folder, () => followTrusted(folder));
  const stat = lstatSync(real, { throwIfNoEntry: false });
  if (stat === undefined) return false;
  assertOurs(real, stat);
  if (ourUid() !== undefined && (stat.mode & 0o022) !== 0) {
    throw folderError(real, 'that nobody else can write to', 'one that others can write to');
  }
  return true;
}

function trusting<Result>(folder: string, look: () => Result): Result {
  try {
    return look();
  } catch (error) {
    if (!(error instanceof UntrustedError)) throw error;
    throw folderError(folder, 'that nobody else can put in its place', error.message, error);
  }
}

function folderError(folder: string, rule: string, got: string, cause?: unknown): DataFolderError {
  return new DataFolderError(
    `Expected \`PORTAL_DATA_DIR\` to be a folder of ${ourselves()} ${rule}, got ${folder}: ${got}.`,
    { cause },
  );
}

function ourselves(): string {
  return `the user that runs the service (${userInWords(ourUid() ?? 0)})`;
}

function assertOurs(folder: string, stat: Stats): void {
  if (!stat.isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' });
  if (ourUid() === undefined || stat.uid === ourUid()) return;
  throw folderError(
    folder,
    'and of nobody else',
    `it belongs to ${userInWords(stat.uid)}; take one below it, or another`,
  );
}

/** Held by its descriptor, so that what is looked at is what is closed. */
async function claim(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    const stat = await handle.stat();
    assertOurs(folder, stat);
    const names = await readdir(folder);
    if (ourUid() !== undefined && (stat.mode & 0o777) !== MODE) {
      if (!names.every((name) => KNOWN_ENTRIES.test(name)) && !MARKS.some((mark) => names.includes(mark))) {
        throw folderError(
          folder,
          'and for the service alone, closed to everybody else',
          'others have access, and what is in it is not the service’s; take one below it, or "chmod 700"',
        );
      }
      await handle.chmod(MODE);
      if (((await handle.stat()).mode & 0o777) !== MODE) {
        throw folderError(folder, 'closed to everybody else', 'its file system does not keep modes');
      }
    }
    for (const name of names) claimEntry(folder, name);
  } finally {
    await handle.close();
  }
}

/** What lies in it was made by us, or may have been put there while the folder was open to others. */
function claimEntry(folder: string, name: string): void {
  const path = join(folder, name);
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined || ourUid() === undefined || OF_POSTGRES.test(name)) return;
  if (!isTrusted(stat.uid)) {
    throw folderError(
      folder,
      'with nothing of anybody else in it',
      `${name} belongs to ${userInWords(stat.uid)}; delete it unless you know better`,
    );
  }
  if (stat.uid !== ourUid()) return;
  if (stat.isFile() && (stat.mode & 0o077) !== 0) closeToOthersSync(path);
  if (stat.isDirectory() && (stat.mode & 0o022) !== 0) chmodSync(path, stat.mode & 0o755);
}

/** One folder after the other: below /proc Node's own `recursive` goes round in circles for ever. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: MODE });
  } catch (error) {
    const code = errorCode(error);
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || dirname(folder) === folder) throw error;
    await makeFolder(dirname(folder));
    await mkdir(folder, { mode: MODE });
  }
}
