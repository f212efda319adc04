/**
 * Where the running service and its embedded servers are: a file in the data folder, for the command line, which must
 * reach the same stores. Readable by its owner only, because a URL of a store holds a password.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DataFolderError, isDataFolder } from 'portal-dev-servers/data-folder';
import { errorCode } from 'portal-shared/error-code';
import { OperatorError } from '../errors.js';
import { readTrustedSync, UntrustedError, writePrivate } from 'portal-shared/private-files';

/** What the file says. */
export interface ServiceFile {
  /** Of the service. */
  readonly pid: number;
  /** Of the service, as a client on this machine reaches it. */
  readonly url: string;
  /** As browsers find it, when that has been said. */
  readonly publicUrl?: string;
  /** Of the embedded PostgreSQL; absent when the service uses another. */
  readonly databaseUrl?: string;
  /** Of the embedded Redis; absent when the service uses another, or none. */
  readonly redisUrl?: string;
}

const FILE = 'service.json';

/** Writes the file, all of it or none. */
export async function writeServiceFile(dataDir: string, serviceFile: ServiceFile): Promise<void> {
  await writePrivate(join(dataDir, FILE), `${JSON.stringify(serviceFile, undefined, 2)}\n`);
}

/**
 * What the file says; `undefined` when there is none, or the service that wrote it no longer runs.
 *
 * @throws OperatorError when somebody else could have written it
 */
export function readServiceFile(dataDir: string): ServiceFile | undefined {
  const file = join(dataDir, FILE);
  try {
    if (!isDataFolder(dataDir)) return undefined;
    const value: unknown = JSON.parse(readTrustedSync(file));
    return isServiceFile(value) && isRunning(value.pid) ? value : undefined;
  } catch (error) {
    // Cut short by a full disk, or edited: as good as none. But one that is there and may not be read is for somebody.
    if (errorCode(error) === 'ENOENT' || error instanceof SyntaxError) return undefined;
    if (error instanceof DataFolderError) throw new OperatorError(error.message, { cause: error });
    if (!(error instanceof UntrustedError)) throw error;
    throw new OperatorError(`The file ${file} is not believed: ${error.message}.`, { cause: error });
  }
}

/** Removes the file, should it still be ours: another service may have been started in the folder since. */
export async function removeServiceFile(dataDir: string): Promise<void> {
  try {
    if (readServiceFile(dataDir)?.pid !== process.pid) return;
  } catch {
    return;
  }
  await rm(join(dataDir, FILE), { force: true });
}

function isServiceFile(value: unknown): value is ServiceFile {
  if (typeof value !== 'object' || value === null) return false;
  const { pid, url, publicUrl, databaseUrl, redisUrl } = value as Partial<Record<keyof ServiceFile, unknown>>;
  return (
    Number.isSafeInteger(pid) &&
    typeof url === 'string' &&
    ['string', 'undefined'].includes(typeof publicUrl) &&
    ['string', 'undefined'].includes(typeof databaseUrl) &&
    ['string', 'undefined'].includes(typeof redisUrl)
  );
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}
