/**
 * One question over a connection of our own, which ends whatever becomes of the answer.
 */
import type { FreshPostgresConnection } from '../../probes/postgres/fresh-postgres-connection.js';
import { driverCode } from '../../unknown.js';

export type AskedConnection = Pick<FreshPostgresConnection, 'run' | 'processId' | 'end' | 'destroy'>;

/** An answer, whose connection is the caller's; or why there is none, and the connection is on its way out. */
export type Asked<Answer> =
  { readonly answer: Answer; readonly code?: undefined } | { readonly code: string };

/** @param query - resolves with `undefined` for what is no answer */
export async function askOnce<Answer>(
  connection: AskedConnection,
  deadlineMs: number,
  query: (connection: AskedConnection) => Promise<Answer | undefined>,
): Promise<Asked<Answer>> {
  let late: NodeJS.Timeout | undefined;
  const overrun = new Promise<never>((_resolve, reject) => {
    late = setTimeout(() => reject(new OverrunError()), deadlineMs);
  });
  try {
    const answer = await Promise.race([overrun, query(connection)]);
    if (answer === undefined) throw new OverrunError();
    return { answer };
  } catch (error) {
    if (error instanceof OverrunError) {
      connection.destroy();
      return { code: 'overrun' };
    }
    void leave(connection, deadlineMs);
    return { code: driverCode(error) ?? 'UNKNOWN' };
  } finally {
    clearTimeout(late);
  }
}

/** A pooler may give the backend to somebody else, so that no transaction is left open in it. */
async function leave(connection: AskedConnection, withinMs: number): Promise<void> {
  const gone = setTimeout(() => connection.destroy(), withinMs);
  gone.unref();
  try {
    await connection.run('ROLLBACK');
    connection.end();
  } catch {
    connection.destroy();
  } finally {
    clearTimeout(gone);
  }
}

/** Too late, too long, or no answer at all. */
class OverrunError extends Error {}
