/**
 * Writes a little into a table of our own, seldom: a server whose disk is full answers every question, and only a write
 * finds out. Never a second write while the backend of the last one lives.
 */
import type { ProblemCode, RemarkCode } from '../../problems.js';
import { PATIENCE, startRunClock } from '../../run-clock.js';
import type { Cause } from '../../types.js';
import { causeOf, driverCode } from '../../unknown.js';
import { postgresProblem } from './postgres-errors.js';
import type { FreshPostgresConnection } from './fresh-postgres-connection.js';

/** When and where to write. All optional. */
export interface WritesOptions {
  /** Milliseconds between two writes; default a minute. */
  readonly intervalMs?: number;
  /** Milliseconds after which a write is cancelled and has failed; default 5,000. */
  readonly deadlineMs?: number;
  /** Name of the table; default `portal_health_writes`. */
  readonly table?: string;
  /** Whether to make it when it is not there; default true. */
  readonly create?: boolean;
}

export interface WriteResult {
  readonly problems: readonly ProblemCode[];
  readonly remarks: readonly RemarkCode[];
  readonly cause?: Cause;
}

export interface WriteWatch {
  /** Begins a write when one is due; returns what the last one found. Never waits. */
  run(): WriteResult;
  /** Ends a write under way, at the server too. */
  close(): void;
}

const INTERVAL_MS = 60_000;
const DEADLINE_MS = 5_000;
/** A write that failed is tried again sooner, so that its end is seen. */
const RETRY_MS = 5_000;
/** So often also for want of a table: at a first start the migration that makes it comes after the first run. */
const TRIES_WITHOUT_TABLE = 6;

const FINE: WriteResult = { problems: [], remarks: [] };
/** No right to write, no table and no right to make one, or a server that does not know the statement: whether it writes is unknown then. */
const NOT_ALLOWED = /^(42|3F|0A)/;
const NO_TABLE = '42P01';

/** A write whose end was not seen. */
interface UnfinishedWrite {
  readonly connection: FreshPostgresConnection;
  readonly mark: string;
}

/** Writes over connections of `connect`. */
export function createWriteWatch(
  connect: () => FreshPostgresConnection,
  {
    intervalMs = INTERVAL_MS,
    deadlineMs = DEADLINE_MS,
    table = 'portal_health_writes',
    create = true,
  }: WritesOptions,
): WriteWatch {
  let dueMs = 0;
  let tries = TRIES_WITHOUT_TABLE;
  let found = FINE;
  let unended: UnfinishedWrite | undefined;
  let current: FreshPostgresConnection | undefined;

  /** Whether the backend of a write whose end was not seen is gone; otherwise it is asked once more to end. */
  async function isGone(connection: FreshPostgresConnection, last: UnfinishedWrite): Promise<boolean> {
    const rows = await connection.run(
      `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE state <> 'idle' AND pid <> pg_backend_pid() AND query LIKE '/* ${last.mark}%'`,
    );
    return Array.isArray(rows) && rows.length === 0;
  }

  async function write(connection: FreshPostgresConnection): Promise<WriteResult> {
    if (unended && !(await isGone(connection, unended))) return found;
    const mark = `portal-health ${crypto.randomUUID()}`;
    unended = { connection, mark };
    try {
      await connection.run(statement(table, mark));
    } catch (error) {
      // An answer of the server is its end; a connection that broke says nothing.
      if (/^[0-9A-Z]{5}$/.test(driverCode(error) ?? '')) unended = undefined;
      if (!create || driverCode(error) !== NO_TABLE) throw error;
      await connection.run(`CREATE UNLOGGED TABLE IF NOT EXISTS ${quoted(table)} (filler integer NOT NULL)`);
      return write(connection);
    }
    unended = undefined;
    return damagedPages(connection);
  }

  async function attempt(connection: FreshPostgresConnection): Promise<void> {
    let isLate = false;
    let giveUp: () => void = () => undefined;
    const givenUp = new Promise<WriteResult>((resolve) => {
      giveUp = () => {
        connection.destroy();
        resolve(found);
      };
    });
    const writing = write(connection).catch((error: unknown) => writeResultOf(error, found));
    const late = (reason: 'timeout' | 'hindered'): void => {
      isLate = true;
      if (unended?.connection !== connection) {
        // The connection has not come to the write: the probe reports what keeps it.
        giveUp();
        return;
      }
      if (reason === 'timeout') found = { problems: ['DATABASE_WRITES_FAIL'], remarks: [], cause: TOO_LATE };
      connection.cancel();
      // The answer to the cancelled write is the proof of its end; a server that does not give it is not waited for.
      setTimeout(giveUp, deadlineMs).unref();
    };
    const clock = startRunClock({ deadlineMs, capMs: deadlineMs * PATIENCE.last, onLate: late });
    const finding = await Promise.race([writing, givenUp]);
    clock.stop();
    connection.destroy();
    if (!isLate) found = finding;
  }

  return {
    run() {
      const nowMs = performance.now();
      if (current === undefined && nowMs >= dueMs) {
        const connection = connect();
        current = connection;
        void attempt(connection).finally(() => {
          current = undefined;
          // Without the right to write, more tries find out nothing; a table that a migration makes may come in a moment.
          const hasFailed = found.problems.length > 0 || (isWithoutTable(found) && tries > 0);
          if (isWithoutTable(found)) tries -= 1;
          dueMs = nowMs + (hasFailed ? Math.min(intervalMs, RETRY_MS) : intervalMs);
        });
      }
      return found;
    },
    close() {
      dueMs = Number.POSITIVE_INFINITY;
      if (unended) unended.connection.cancel();
      current?.destroy();
    },
  };
}

/** What the server has counted of pages that were read and are not what was written; not all servers count. */
async function damagedPages(connection: FreshPostgresConnection): Promise<WriteResult> {
  const rows = await connection
    .run('SELECT 1 FROM pg_stat_database WHERE checksum_failures > 0 LIMIT 1')
    .catch(() => []);
  return Array.isArray(rows) && rows.length > 0 ? DAMAGED : FINE;
}

const DAMAGED: WriteResult = { problems: ['DATABASE_CHECKSUM_FAILURE'], remarks: [] };

function isWithoutTable({ cause }: WriteResult): boolean {
  return cause?.code === NO_TABLE;
}

const TOO_LATE: Cause = { code: 'WRITE_TIMEOUT', message: 'The write did not end within its deadline' };

/** What an error says of writing; one of connecting says nothing, for which there is the probe. */
function writeResultOf(error: unknown, last: WriteResult): WriteResult {
  const code = driverCode(error) ?? '';
  const cause = causeOf(error);
  if (NOT_ALLOWED.test(code)) return { problems: [], remarks: ['DATABASE_WRITES_UNKNOWN'], cause };
  const problem = postgresProblem(error);
  if (problem === 'DATABASE_DISK_FULL' || problem === 'DATABASE_OUT_OF_MEMORY') {
    return { problems: [problem], remarks: [], cause };
  }
  // The probe reports a server that is read-only, is away or refuses the connection.
  if (problem === 'DATABASE_READ_ONLY') return FINE;
  const isOfTheWrite = /^[0-9A-Z]{5}$/.test(code) && !/^(08|28|3D|53|57P)/.test(code);
  return isOfTheWrite ? { problems: ['DATABASE_WRITES_FAIL'], remarks: [], cause } : last;
}

/** Pages of this table: some 70 kB. */
const ROWS = 2_000;

/**
 * Takes room on the disk and a place in the log. An `UPDATE` would find room in its own page, and an `INSERT` where rows
 * were deleted before; a table that is emptied begins with a new file. While a client reads it, as a backup does, it cannot
 * be emptied, but then nothing is freed in it either. In one statement, for poolers that share connections between them.
 */
function statement(table: string, mark: string): string {
  const name = quoted(table);
  return `/* ${mark} */ DO $portal$ BEGIN
  BEGIN
    LOCK TABLE ${name} IN ACCESS EXCLUSIVE MODE NOWAIT;
    TRUNCATE ${name};
  EXCEPTION WHEN lock_not_available OR insufficient_privilege THEN
    DELETE FROM ${name};
  END;
  INSERT INTO ${name} SELECT generate_series(1, ${ROWS});
END $portal$`;
}

/** A name, or one with its schema before it. */
function quoted(table: string): string {
  return table
    .split('.')
    .map((part) => `"${part}"`)
    .join('.');
}
