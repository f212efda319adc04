/** A disk of the database on which nothing more can be written. */
import type { Fixture } from '../fixture.js';

/** Too little for what is inserted, and enough for the files that a server must write to live on. */
const LEFT_BYTES = 2_500_000;
const TOO_MANY_ROWS = 200_000;

/** Fills it until an application is refused its rows; returns what frees it. */
export async function fillDatabaseDisk({ postgres, disk }: Fixture): Promise<() => Promise<void>> {
  if (!disk) throw new Error('Postgres has no disk of its own that could be filled.');
  const insert = `INSERT INTO filling SELECT generate_series(1, ${TOO_MANY_ROWS})`;
  await postgres.query('CREATE TABLE filling (i integer)');
  // Its log, long enough to be written again for a while.
  await postgres.query(insert);
  await postgres.query('TRUNCATE filling');
  await postgres.query('CHECKPOINT');
  const free = await disk.fill(LEFT_BYTES);
  const code = await postgres.query(insert).then(
    () => 'none',
    (error: unknown) => (error as { readonly code?: string }).code,
  );
  if (code !== '53100') throw new Error(`The disk is not full: the code of an INSERT is ${code}.`);
  return async () => {
    await free();
    await postgres.query('DROP TABLE filling');
  };
}
