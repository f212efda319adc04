/**
 * Where a Redis program is: installed on this machine, fetched by an earlier start, or fetched now.
 */
import { execFile } from 'node:child_process';
import { access, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isTrustedTree } from 'portal-shared/private-files';
import { canFetch, fetchPackage, findInstalled, libraryEnvironment, reasonOf } from './debian-package.js';
import { BARE_ENVIRONMENT } from './identity.js';

const run = promisify(execFile);

/** A redis-server or valkey-server. */
export interface RedisProgram {
  readonly file: string;
  /** What it needs to find its libraries, should they lie in a folder of ours. */
  readonly env: Readonly<Record<string, string>>;
  /** The folder of ours that it lies in, if it was fetched. */
  readonly place?: string;
}

/** Whether a Redis may be fetched, and who is told of it. */
export interface FindRedisOptions {
  /** Holds the fetched programs. */
  readonly folder: string;
  /** Whether one may be fetched when there is none. */
  readonly fetch: boolean;
  /** Called once when one is fetched, and once with what to do when there is none to be had. */
  readonly announce: (line: string) => void;
}

/** Finds a Redis; `undefined` when there is none to be had, which was announced then. */
export async function findRedisProgram(options: FindRedisOptions): Promise<RedisProgram | undefined> {
  const installed = await findInstalled('redis-server', 'valkey-server');
  if (installed !== undefined) return { file: installed, env: {} };
  const place = join(options.folder, 'programs');
  const none = (reason: string): undefined => {
    options.announce(
      `${reason}, so there is no cache. Install redis-server or valkey-server, or set REDIS_URL.`,
    );
  };
  const fetched = await findFetched(place);
  if (fetched !== undefined) {
    if (await isTrustedTree(await realpath(place))) return fetched;
    return none(`Somebody else may have changed the Redis in ${place}, which is not run; delete it`);
  }
  if (!options.fetch || !(await canFetch())) return none('No redis-server or valkey-server was found');
  options.announce(`No redis-server or valkey-server was found: fetching Redis into ${place}, once …`);
  try {
    await fetchPackage({ folder: place, names: ['redis-server', 'valkey-server'], withDependencies: true });
    const program = await findFetched(place);
    if (program === undefined) return none('The packages of Redis hold no server');
    await run(program.file, ['--version'], { env: { ...BARE_ENVIRONMENT, ...program.env } });
    return program;
  } catch (error) {
    return none(`Redis could not be fetched (${reasonOf(error)})`);
  }
}

async function findFetched(place: string): Promise<RedisProgram | undefined> {
  for (const name of ['redis-server', 'valkey-server']) {
    const file = join(place, 'usr', 'bin', name);
    try {
      await access(file);
    } catch {
      continue;
    }
    return { file, env: await libraryEnvironment(place), place };
  }
  return undefined;
}
