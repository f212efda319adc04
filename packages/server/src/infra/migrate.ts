/**
 * Brings the tables of the database to where this version of the program expects them: the files of `migrations/`,
 * in order, each once. A file that was applied must never change; if one did, nothing is done but saying so.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { errorCode } from 'portal-shared/error-code';
import { OperatorError } from '../errors.js';
import type { Database, Queryable } from './postgres.js';

/** The database and this program do not belong together; trying again would not help. The message is a sentence. */
export class MigrationError extends OperatorError {}

interface Migration {
  readonly name: string;
  readonly sha256: string;
  readonly sql: string;
}

const FOLDER = fileURLToPath(new URL('../../../migrations/', import.meta.url));
const FILE_NAME = /^\d{4}-[a-z0-9-]+\.sql$/;

/** Any number will do as long as everybody uses the same; this one spells "port". */
const LOCK = 0x706f7274;
/** Another process may be migrating; it is worth waiting for. */
const LOCK_TIMEOUT_MS = 60_000;

/**
 * Applies what is missing, in one transaction and under a lock, and gives the names of the files applied.
 *
 * @throws MigrationError when an applied file was edited or is unknown here, or a file cannot be applied
 */
export async function migrate(database: Database, folder: string = FOLDER): Promise<readonly string[]> {
  const known = await readMigrations(folder);
  // Nothing to do is the common case, and must work where nothing can be written.
  if (pending(known, await applied(database)).length === 0) return [];

  return database.transaction(async (connection) => {
    await connection.rows(`SET LOCAL statement_timeout = ${LOCK_TIMEOUT_MS}`);
    await connection.rows(`SELECT pg_advisory_xact_lock(${LOCK})`, [], LOCK_TIMEOUT_MS);
    await connection.rows(`CREATE TABLE IF NOT EXISTS portal_migrations (
      name text PRIMARY KEY,
      sha256 text NOT NULL,
      applied_at timestamptz NOT NULL DEFAULT now()
    )`);
    const missing = pending(known, await applied(connection));
    for (const migration of missing) {
      await apply(connection, migration);
    }
    return missing.map(({ name }) => name);
  });
}

async function readMigrations(folder: string): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => FILE_NAME.test(name)).toSorted();
  return Promise.all(
    names.map(async (name) => {
      const sql = await readFile(`${folder}/${name}`, 'utf8');
      return { name, sql, sha256: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

/** Names and digests of what was applied, in order; nothing when there never was a migration. */
async function applied(on: Queryable): Promise<Map<string, string>> {
  const [table] = await on.rows<{ there: boolean }>(
    `SELECT to_regclass('portal_migrations') IS NOT NULL AS there`,
  );
  if (!table?.there) return new Map();
  const rows = await on.rows<{ name: string; sha256: string }>(
    'SELECT name, sha256 FROM portal_migrations ORDER BY name',
  );
  return new Map(rows.map(({ name, sha256 }) => [name, sha256]));
}

function pending(known: readonly Migration[], done: ReadonlyMap<string, string>): Migration[] {
  const names = new Set(known.map(({ name }) => name));
  for (const name of done.keys()) {
    if (names.has(name)) continue;
    throw new MigrationError(
      `Expected the database to be no newer than this program, got one to which ${name} was applied, a migration that this program does not have.`,
    );
  }
  for (const { name, sha256 } of known) {
    const before = done.get(name);
    if (before === undefined || before === sha256) continue;
    throw new MigrationError(
      `Expected the migration ${name} to be as it was when it was applied, got another text: put it back, and make changes in a new file.`,
    );
  }
  const missing = known.filter(({ name }) => !done.has(name));
  const [first] = missing;
  const last = [...done.keys()].at(-1);
  if (first && last !== undefined && first.name < last) {
    throw new MigrationError(
      `Expected new migrations to come after those already applied, got ${first.name}, which comes before ${last}.`,
    );
  }
  return missing;
}

/** SQLSTATEs that say nothing about the file and pass: connection, read-only, conflicts, resources, the operator. */
const PASSING = /^(08|25006|40|53|55|57|58)/;

/** What the likely ones mean, for somebody who does not know them by heart. */
const MEANINGS: Readonly<Record<string, string>> = {
  '42501': ' (the user of the database may not create tables)',
  '42P07': ' (the database already has a table of that name, which is not ours)',
};

async function apply(connection: Queryable, { name, sha256, sql }: Migration): Promise<void> {
  try {
    await connection.script(sql, LOCK_TIMEOUT_MS);
    await connection.rows('INSERT INTO portal_migrations (name, sha256) VALUES ($1, $2)', [name, sha256]);
  } catch (error) {
    const code = errorCode(error);
    if (!/^[0-9A-Z]{5}$/.test(code) || PASSING.test(code)) throw error;
    throw new MigrationError(
      `Expected the migration ${name} to fit the database, got error ${code}${MEANINGS[code] ?? ''}.`,
      { cause: error },
    );
  }
}
