/** Every question at once, for a person who waits. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { startPostgres, waitFor, type PostgresServer } from 'portal-test-kit';
import { connectionLike } from '../../../src/probes/postgres/postgres-connections.js';
import { askServer } from '../../../src/reasons/postgres/ask-server.js';

let server: PostgresServer;
let url: string;

before(async () => {
  server = await startPostgres();
  url = await server.createDatabase();
});

after(() => server.close());

test('no function of anybody but the server is called, however well it fits', async () => {
  const owner = new pg.Client({ connectionString: url });
  await owner.connect();
  // In the path of everybody by default, and until PostgreSQL 15 open to everybody.
  await owner.query(`
    CREATE FUNCTION public.json_build_array(name, text, text, bigint) RETURNS json LANGUAGE plpgsql
      AS $$ BEGIN RAISE EXCEPTION 'called'; END $$;
    CREATE FUNCTION public.json_build_array(boolean, text, bigint, numeric, timestamptz) RETURNS json LANGUAGE plpgsql
      AS $$ BEGIN RAISE EXCEPTION 'called'; END $$;
    CREATE FUNCTION public.json_build_array(int, oid) RETURNS json LANGUAGE plpgsql
      AS $$ BEGIN RAISE EXCEPTION 'called'; END $$;
    CREATE FUNCTION public.json_build_array(bigint, bigint) RETURNS json LANGUAGE plpgsql
      AS $$ BEGIN RAISE EXCEPTION 'called'; END $$;
  `);
  await owner.end();
  const pool = new pg.Pool({ connectionString: url });
  // A busy machine may have the server end the question.
  await waitFor('every answer', async () => {
    const connection = connectionLike(pool, {});
    const answers = connection && (await askServer(connection));
    return typeof answers === 'object' && answers.hourly !== undefined;
  });
});

test('a table of the server that is locked keeps a person only from what is asked once an hour', async () => {
  const holder = new pg.Client({
    connectionString: server.url.replace(/postgres$/, new URL(url).pathname.slice(1)),
  });
  await holder.connect();
  await holder.query('BEGIN; LOCK TABLE pg_sequence IN ACCESS EXCLUSIVE MODE');
  const pool = new pg.Pool({ connectionString: url });
  let hourly: unknown;
  await waitFor('an answer', async () => {
    const connection = connectionLike(pool, {});
    const answers = connection && (await askServer(connection));
    if (typeof answers !== 'object') return false;
    ({ hourly } = answers);
    return answers.activity.sessions > 0;
  });
  await holder.end();
  assert.equal(hourly, undefined);
});
