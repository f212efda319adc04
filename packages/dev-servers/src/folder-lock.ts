/**
 * One server for a data folder. The kernel keeps the lock, for the server and its children, and lets go of it when
 * the last of them has ended; in the lock file stands the process id of the service that took it.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterNotStartedError } from './postgres-cluster.js';
import { exists, processesIn, signalAll } from './processes.js';

/** A folder that only one server may work in. */
export interface LockedFolder {
  readonly folder: string;
  /** Absent where there is no `flock`: there Postgres' own status file is all there is. */
  readonly lockFile?: string;
}

/** How long the servers of a killed service have to end; its guardian gives them 5 s. */
const PATIENCE_MS = 6_000;
const TIMEOUT_MS = 10_000;

/**
 * Does something that needs the folder for itself. We wait for the servers of a killed service to exit. We do not wait
 * for those of a running one.
 *
 * @throws an Error of one sentence when another service has the folder; whatever else `action` throws
 */
export async function whenFree<Result>(locked: LockedFolder, action: () => Promise<Result>): Promise<Result> {
  const beganMs = performance.now();
  for (;;) {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof ClusterNotStartedError) || !error.folderIsInUse) throw error;
      const holder = await holderOf(locked);
      const waitedMs = performance.now() - beganMs;
      if (isAnother(holder) || waitedMs > TIMEOUT_MS) {
        throw new Error(
          `The data in ${locked.folder} is in use by another service` +
            `${isAnother(holder) ? ` (process ${holder})` : ''}; ` +
            'stop that one, or give each a PORTAL_DATA_DIR of its own.',
          { cause: error },
        );
      }
      if (waitedMs > PATIENCE_MS) await killLeftovers(locked);
      await sleep(50);
    }
  }
}

/**
 * Ends what is left of a server whose service is gone, or is ours. Backends of a killed Postgres end by themselves,
 * but for one that waits for a lock which another took to the grave.
 */
export async function killLeftovers(locked: LockedFolder): Promise<void> {
  const leftovers = await processesIn(locked.folder, 'postgres');
  // Read the lock after listing the processes: a service that took it meanwhile is not a leftover.
  if (leftovers.length > 0 && !isAnother(await holderOf(locked))) signalAll(leftovers, 'SIGKILL');
}

async function holderOf({ lockFile }: LockedFolder): Promise<number | undefined> {
  if (lockFile === undefined) return undefined;
  const pid = Number(await readFile(lockFile, 'utf8').catch(() => ''));
  return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
}

function isAnother(holder: number | undefined): boolean {
  return holder !== undefined && holder !== process.pid && exists(holder);
}
