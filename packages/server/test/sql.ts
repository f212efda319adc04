/**
 * SQL that goes past the service, as somebody with `psql` would run it.
 */
import pg from 'pg';

/** Runs statements on a connection of their own. */
export async function sql(databaseUrl: string, text: string, values: readonly unknown[] = []) {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(
      text,
      values.length > 0 ? [...values] : undefined,
    );
    return rows;
  } finally {
    await client.end();
  }
}
