/**
 * The file: opened, looked over, and set aside when it is damaged. Whatever is wrong with it, there is a database to
 * write to afterwards: in memory if need be, because what happens now must be shown also by a service without a disk.
 */
import Database from 'libsql';
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { errorCode } from 'portal-shared/error-code';
import { closeToOthersSync, makePrivateSync } from 'portal-shared/private-files';
import { EVENTS_COLUMNS, EVENTS_SCHEMA } from './event-store.js';
import { CAUSES_SCHEMA } from './cause-store.js';
import { OUTBOX_SCHEMA } from './outbox-store.js';
import { SAMPLES_SCHEMA } from './sample-store.js';
import { SUMS_SCHEMA } from './status-totals.js';

/** What an operator has to know about the file. */
export type FileTrouble =
  /** It was damaged, was set aside under this name, and a new one was begun. */
  | { readonly what: 'damaged'; readonly keptAs: string }
  /** Nothing is kept on disk, and why: a code, or `NEWER` for the file of a newer program, `IN_USE` for that of another process. */
  | { readonly what: 'not_kept'; readonly cause: string };

/** An open database. */
export interface OpenFile {
  readonly database: Database.Database;
  readonly troubles: readonly FileTrouble[];
}

const VERSION = 1;
/** The process before us may still be ending. */
const BUSY_TIMEOUT_MS = 5_000;
/** Of files that were set aside; the latest may still be looked into, and all together must not fill the disk. */
const KEPT_ASIDE = 2;
/** What SQLite keeps beside the file. */
const BESIDE = ['-wal', '-shm', '-journal'];
const DAMAGED = new Set(['SQLITE_CORRUPT', 'SQLITE_NOTADB']);

/** True for an error that says that the file itself is damaged. */
export function isDamage(error: unknown): boolean {
  return DAMAGED.has(sqliteCode(error));
}

/** The code of an error of SQLite, without its extension: `SQLITE_IOERR` for `SQLITE_IOERR_WRITE`. */
export function sqliteCode(error: unknown): string {
  const code = errorCode(error);
  return /^SQLITE_[A-Z]+/.exec(code)?.[0] ?? code;
}

/**
 * Opens `path`, whose folder is there and can be written to; or a database in memory, and says why.
 *
 * @param folderError - why the folder cannot be used, if so
 */
export function openFile(path: string, folderError: unknown): OpenFile {
  const troubles: FileTrouble[] = [];
  try {
    if (folderError !== undefined) throw folderError;
    return { database: openOrReplace(path, troubles), troubles };
  } catch (error) {
    const database = new Database(':memory:');
    prepare(database);
    return { database, troubles: [...troubles, { what: 'not_kept', cause: causeOf(error) }] };
  }
}

function openOrReplace(path: string, troubles: FileTrouble[]): Database.Database {
  try {
    return openSound(path);
  } catch (error) {
    if (!isDamage(error)) throw error;
    troubles.push({ what: 'damaged', keptAs: setAside(path) });
    return openSound(path);
  }
}

/** @throws an error of SQLite, or `NewerError` */
function openSound(path: string): Database.Database {
  // Whom the service runs for may read it; nobody else on the machine, at no moment. What SQLite puts beside it gets the
  // same mode; what an earlier version put there is closed here.
  try {
    makePrivateSync(path);
  } catch (error) {
    // What is no file SQLite refuses in its own words.
    if (errorCode(error) !== 'EISDIR') throw error;
  }
  for (const end of BESIDE) closeToOthersSync(`${path}${end}`);
  const database = new Database(path, { timeout: BUSY_TIMEOUT_MS });
  try {
    // For us alone: two who write the same history would each tell half of it. Before WAL, which then needs no third file.
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    database.exec('PRAGMA journal_mode = WAL');
    // Survives a kill at any moment; only a power cut can cost the last transactions, and never the file.
    database.exec('PRAGMA synchronous = NORMAL');
    database.exec('PRAGMA cache_size = -2000');
    database.exec('PRAGMA temp_store = MEMORY');
    const [{ user_version: version = 0 } = {}] = database.prepare('PRAGMA user_version').all() as {
      user_version?: number;
    }[];
    if (version > VERSION) throw new NewerError();
    const [{ quick_check: finding } = {}] = database.prepare('PRAGMA quick_check(1)').all() as {
      quick_check?: string;
    }[];
    if (finding !== 'ok') throw new DamagedError();
    prepare(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function prepare(database: Database.Database): void {
  database.exec(
    `BEGIN; ${SAMPLES_SCHEMA} ${EVENTS_SCHEMA} ${CAUSES_SCHEMA} ${SUMS_SCHEMA} ${OUTBOX_SCHEMA} PRAGMA user_version = ${VERSION}; COMMIT`,
  );
  addColumns(database);
}

/**
 * What has come since the first version is only added, with a value for rows that have none: so a file of an older program
 * is read on, and an older program that is put back reads and writes this one. Hence no other version.
 */
function addColumns(database: Database.Database): void {
  const columns = database.prepare('PRAGMA table_info(events)').all() as { name: string }[];
  const there = new Set(columns.map(({ name }) => name));
  for (const [name, type] of Object.entries(EVENTS_COLUMNS)) {
    if (!there.has(name)) database.exec(`ALTER TABLE events ADD COLUMN ${name} ${type}`);
  }
}

/** Under a name with the time, together with what was not yet merged into it; of earlier ones the latest stay. */
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
