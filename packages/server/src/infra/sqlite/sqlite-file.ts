/**
 * A file of SQLite: opened, checked, and set aside when it is damaged. Whatever is wrong with it, there is a database
 * afterwards: in memory if need be, because a service without a disk must still show what happens now.
 */
import Database from 'libsql';
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { errorCode } from 'portal-shared/error-code';
import { closeToOthersSync, makePrivateSync } from 'portal-shared/private-files';

export type FileTrouble =
  /** It was set aside under this name, and a new one was begun. */
  | { readonly type: 'damaged'; readonly keptAs: string }
  /** In memory only. `cause`: a code, or `NEWER` if a newer version wrote the file, or `IN_USE` if another process has it open. */
  | { readonly type: 'not_kept'; readonly cause: string };

/** What a file consists of. */
export interface FileFormat {
  /** Of a file with a greater one nothing is read or written. */
  readonly version: number;
  /** Makes the tables and columns that are missing. */
  prepare(database: Database.Database): void;
}

export interface OpenFile {
  readonly database: Database.Database;
  readonly troubles: readonly FileTrouble[];
}

/** The process before this one may still be stopping. */
const BUSY_TIMEOUT_MS = 5_000;
/** Of files that were set aside: an operator may want the latest, and all of them would fill the disk. */
const KEPT_ASIDE = 2;
/** Endings of the files that SQLite keeps beside it. */
const BESIDE = ['-wal', '-shm', '-journal'];
const DAMAGED = new Set(['SQLITE_CORRUPT', 'SQLITE_NOTADB']);

/** Whether the error means that the file is damaged. */
export function isDamage(error: unknown): boolean {
  return DAMAGED.has(sqliteCode(error));
}

/** Without the extension: `SQLITE_IOERR` for `SQLITE_IOERR_WRITE`. */
export function sqliteCode(error: unknown): string {
  const code = errorCode(error);
  return /^SQLITE_[A-Z]+/.exec(code)?.[0] ?? code;
}

/**
 * Opens `path`, or a database in memory with a trouble that says why.
 *
 * @param folderError - why the folder cannot be used, if so
 */
export function openFile(path: string, format: FileFormat, folderError: unknown): OpenFile {
  const troubles: FileTrouble[] = [];
  try {
    if (folderError !== undefined) throw folderError;
    return { database: openOrReplace(path, format, troubles), troubles };
  } catch (error) {
    const database = new Database(':memory:');
    prepare(database, format);
    return { database, troubles: [...troubles, { type: 'not_kept', cause: causeOf(error) }] };
  }
}

function openOrReplace(path: string, format: FileFormat, troubles: FileTrouble[]): Database.Database {
  try {
    return openSound(path, format);
  } catch (error) {
    if (!isDamage(error)) throw error;
    troubles.push({ type: 'damaged', keptAs: setAside(path) });
    return openSound(path, format);
  }
}

/** @throws an error of SQLite, or `NewerError` */
function openSound(path: string, format: FileFormat): Database.Database {
  // Only the user of the service may read it, at any moment. SQLite gives the files beside it the same mode; those of an
  // earlier version get it here.
  try {
    makePrivateSync(path);
  } catch (error) {
    // For a folder SQLite has a code of its own.
    if (errorCode(error) !== 'EISDIR') throw error;
  }
  for (const end of BESIDE) closeToOthersSync(`${path}${end}`);
  const database = new Database(path, { timeout: BUSY_TIMEOUT_MS });
  try {
    // For this process alone: two processes with one file would each show half a history. Before WAL, which then needs no
    // shared-memory file.
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    database.exec('PRAGMA journal_mode = WAL');
    // Survives a kill at any moment. A power cut can cost the last transactions, but not the file.
    database.exec('PRAGMA synchronous = NORMAL');
    database.exec('PRAGMA cache_size = -2000');
    database.exec('PRAGMA temp_store = MEMORY');
    const [{ user_version: version = 0 } = {}] = database.prepare('PRAGMA user_version').all() as {
      user_version?: number;
    }[];
    if (version > format.version) throw new NewerError();
    const [{ quick_check: result } = {}] = database.prepare('PRAGMA quick_check(1)').all() as {
      quick_check?: string;
    }[];
    if (result !== 'ok') throw new DamagedError();
    prepare(database, format);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function prepare(database: Database.Database, format: FileFormat): void {
  database.exec('BEGIN');
  format.prepare(database);
  database.exec(`PRAGMA user_version = ${format.version}; COMMIT`);
}

/** Renames the file, and those beside it, to a name with the time. Deletes all but the latest `KEPT_ASIDE`. */
export function setAside(path: string): string {
  const folder = dirname(path);
  const name = `${path.slice(folder.length + 1)}.damaged-`;
  const kept = `${name}${new Date().toISOString().replaceAll(/[:.]/g, '-')}`;
  renameSync(path, join(folder, kept));
  for (const end of BESIDE) {
    if (existsSync(`${path}${end}`)) renameSync(`${path}${end}`, join(folder, `${kept}${end}`));
  }
  const stems = readdirSync(folder)
    .filter((entry) => entry.startsWith(name) && !/-(wal|shm|journal)$/.test(entry))
    .toSorted();
  for (const stem of stems.slice(0, -KEPT_ASIDE)) {
    for (const end of ['', ...BESIDE]) rmSync(join(folder, `${stem}${end}`), { force: true });
  }
  return kept;
}

class DamagedError extends Error {
  readonly code = 'SQLITE_CORRUPT';
}

class NewerError extends Error {
  readonly code = 'NEWER';
}

function causeOf(error: unknown): string {
  const code = sqliteCode(error);
  if (code === 'SQLITE_BUSY') return 'IN_USE';
  // A file that cannot be opened at all is an error without a code.
  return code === 'Error' ? 'SQLITE_CANTOPEN' : code;
}
