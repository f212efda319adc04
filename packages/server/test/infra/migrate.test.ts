import assert from 'node:assert/strict';
import { appendFile, cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startPostgres, type PostgresServer } from 'portal-test-kit';
import { migrate, MigrationError } from '../../src/infra/migrate.js';
import { createDatabase, type Database } from '../../src/infra/postgres.js';
import { sql } from '../sql.js';

const MIGRATIONS = fileURLToPath(new URL('../../../migrations', import.meta.url));
const ALL = [
  '0001-users.sql',
  '0002-sessions.sql',
  '0003-session-changes.sql',
  '0004-login-codes.sql',
  '0005-audit.sql',
  '0006-writes.sql',
  '0007-codes-and-people.sql',
  '0008-session-use.sql',
  '0009-machine-tokens.sql',
  '0010-truncate.sql',
  '0011-incidents.sql',
  '0012-pauses.sql',
  '0013-planned-pauses.sql',
  '0014-alert-tests.sql',
];
const [LAST = ''] = ALL.slice(-1);

let postgres: PostgresServer;
let folder: string;
let databaseUrl: string;
const databases: Database[] = [];

before(async () => {
  postgres = await startPostgres();
});

after(() => postgres?.close());

beforeEach(async () => {
  databaseUrl = await postgres.createDatabase();
  folder = await mkdtemp(join(tmpdir(), 'portal-migrations-'));
  await cp(MIGRATIONS, folder, { recursive: true });
});

afterEach(async () => {
  await Promise.all(databases.splice(0).map((database) => database.close()));
  await rm(folder, { recursive: true, force: true });
});

function open(): Database {
  const database = createDatabase({
    url: databaseUrl,
    poolSize: 2,
    connectTimeoutMs: 10_000,
    onError: () => undefined,
  });
  databases.push(database);
  return database;
}

test('an empty database gets everything, the next time nothing', async () => {
  assert.deepEqual(await migrate(open(), folder), ALL);
  assert.deepEqual(await migrate(open(), folder), []);
  const rows = await sql(databaseUrl, 'SELECT name FROM portal_migrations ORDER BY name');
  assert.deepEqual(
    rows.map(({ name }) => name),
    ALL,
  );
});

test('ten at once apply each file once', async () => {
  const done = await Promise.all(Array.from({ length: 10 }, () => migrate(open(), folder)));
  assert.deepEqual(done.flat().toSorted(), ALL);
});

test('a new file is applied to what is there', async () => {
  await migrate(open(), folder);
  await writeFile(
    join(folder, '9999-notes.sql'),
    'CREATE TABLE notes (id integer); INSERT INTO notes VALUES (1);',
  );
  assert.deepEqual(await migrate(open(), folder), ['9999-notes.sql']);
  assert.deepEqual(await sql(databaseUrl, 'SELECT id FROM notes'), [{ id: 1 }]);
});

test('all or nothing: a file that fails leaves none of what came before it in the same run', async () => {
  await writeFile(join(folder, '9999-broken.sql'), 'CREATE TABLE half (id integer); SELECT nonsense;');
  await assert.rejects(migrate(open(), folder), (error) => {
    assert.ok(error instanceof MigrationError);
    assert.equal(
      error.message,
      'Expected the migration 9999-broken.sql to fit the database, got error 42703.',
    );
    return true;
  });
  assert.deepEqual(await sql(databaseUrl, `SELECT tablename FROM pg_tables WHERE schemaname = 'public'`), []);
});

test('an edited file is refused', async () => {
  await migrate(open(), folder);
  await appendFile(join(folder, ALL[0] ?? ''), '-- a comment');
  await assert.rejects(migrate(open(), folder), /0001-users\.sql to be as it was when it was applied/);
});

test('a database of a newer program is refused', async () => {
  await migrate(open(), folder);
  await rm(join(folder, LAST));
  await assert.rejects(
    migrate(open(), folder),
    new RegExp(`no newer than this program, got one to which ${LAST} was applied`),
  );
});

test('a file put in before one that was applied is refused', async () => {
  await migrate(open(), folder);
  await writeFile(join(folder, '0001-before.sql'), 'SELECT 1;');
  await assert.rejects(migrate(open(), folder), new RegExp(`0001-before\\.sql, which comes before ${LAST}`));
});

test('tables of somebody else are left alone, and told of', async () => {
  await sql(databaseUrl, 'CREATE TABLE users (theirs text)');
  await assert.rejects(
    migrate(open(), folder),
    /0001-users\.sql .* 42P07 \(the database already has a table/,
  );
  assert.deepEqual(await sql(databaseUrl, 'SELECT * FROM users'), []);
});

test('a database that is up to date need not be written to', async () => {
  await migrate(open(), folder);
  await postgres.readOnly(true);
  try {
    assert.deepEqual(await migrate(open(), folder), []);
  } finally {
    await postgres.readOnly(false);
  }
});
