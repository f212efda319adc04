/**
 * The tables, kept up to date while the service runs: brought there at the start, or else as soon as the database can
 * be reached.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from 'portal-shared/error-code';
import type { Log } from './log.js';
import { migrate, MigrationError } from './migrate.js';
import type { Database } from './postgres.js';

/** The tables of the application. */
export interface Migrator {
  /**
   * Tries at once, and goes on in the background when the database cannot be reached.
   *
   * @throws MigrationError when the database and this program do not belong together
   */
  start(): Promise<void>;
  /** False when the database was reached and yet the tables are not what we need. */
  isUsable(): boolean;
  close(): void;
}

const RETRY_MS = 1_000;

/** The tables in `database`. */
export function createMigrator({ database, log }: { database: Database; log: Log }): Migrator {
  const stopped = new AbortController();
  let usable = true;
  let lastCause: string | undefined;

  async function bringUpToDate(): Promise<void> {
    const names = await migrate(database);
    if (names.length > 0) log.info('migrated', { migrations: names });
    usable = true;
  }

  function failed(error: unknown): void {
    usable = !(error instanceof MigrationError);
    const cause = errorCode(error);
    if (cause === lastCause) return;
    lastCause = cause;
    log.failure('the tables could not be brought up to date yet', error);
  }

  async function keepTrying(): Promise<void> {
    while (!stopped.signal.aborted) {
      await sleep(RETRY_MS, undefined, { signal: stopped.signal });
      try {
        await bringUpToDate();
        return;
      } catch (error) {
        failed(error);
      }
    }
  }

  return {
    async start() {
      try {
        await bringUpToDate();
      } catch (error) {
        if (error instanceof MigrationError) throw error;
        failed(error);
        // Only ever ends by success or by `close`, whose signal is no error.
        keepTrying().catch(() => undefined);
      }
    },
    isUsable: () => usable,
    close() {
      stopped.abort();
    },
  };
}
