/**
 * Which user a server runs as: Postgres refuses to be root, and Redis has no reason to.
 *
 * Not root: as the user itself. Root: as `nobody`. Root, and a folder on the way is closed to `nobody` (as /root is):
 * in a user namespace in which root is called `nobody`, so that it can reach the files but holds no privilege. Where
 * that is forbidden too, as in most containers: as `nobody` with the one privilege of reaching files, and no other.
 */
import { execFile } from 'node:child_process';
import { chown, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** 65534 is `nobody` on every Linux; by number, because a container's image may know no names. */
const NOBODY = 65_534;

/** The user a server runs as. */
export interface Identity {
  /** Words before a command that make it run as this user. */
  readonly prefix: readonly string[];
  /** Who must own the server's files; `undefined` when whoever makes them does. */
  readonly owner: number | undefined;
}

const OURSELVES: Identity = { prefix: [], owner: undefined };

const BECOME_NOBODY = [
  'setpriv',
  `--reuid=${NOBODY}`,
  `--regid=${NOBODY}`,
  '--clear-groups',
  '--no-new-privs',
];

const AS_NOBODY: Identity = { prefix: [...BECOME_NOBODY, '--'], owner: NOBODY };

const IN_NAMESPACE: Identity = {
  prefix: ['unshare', '--user', `--map-user=${NOBODY}`, `--map-group=${NOBODY}`, '--'],
  owner: 0,
};

/**
 * Reading and walking is enough; but a container often has only the capability that allows writing as well. Without the
 * bit, `access()`, by which Postgres looks for its own programs, answers as if there were no capability.
 */
const WITH_ONE_CAPABILITY: readonly Identity[] = ['dac_read_search', 'dac_override'].map((capability) => {
  const only = `-all,+${capability}`;
  const flags = [
    '--securebits=+no_setuid_fixup',
    `--inh-caps=${only}`,
    `--ambient-caps=${only}`,
    `--bounding-set=${only}`,
  ];
  return { prefix: [...BECOME_NOBODY, ...flags, '--'], owner: NOBODY };
});

/** What a server's user must be able to do. */
export interface Needs {
  /** The server's program; it is asked for its version. */
  readonly program: string;
  readonly env: Readonly<Record<string, string>>;
  /** The folder that will hold the server's own; it is walked into. */
  readonly folder: string;
}

/**
 * Chooses the user for a server.
 *
 * @throws an Error of one sentence when we are root and there is no other user who can do it
 */
export async function chooseIdentity({ program, env, folder }: Needs): Promise<Identity> {
  if (process.getuid?.() !== 0) return OURSELVES;
  const failures: string[] = [];
  for (const identity of [AS_NOBODY, IN_NAMESPACE, ...WITH_ONE_CAPABILITY]) {
    try {
      // Tried, because permissions are more than mode bits.
      await runAs(identity, ['sh', '-c', 'cd "$0" && "$1" --version', folder, program], env);
      return identity;
    } catch (error) {
      failures.push(firstLine(error));
    }
  }
  throw new Error(
    `A server must not run as root, and as another user it cannot reach ${program} and ${folder} ` +
      `(${failures.join('; ')}); open these folders to everybody, move them, or start the service as another user.`,
  );
}

/**
 * Whether a server's folder may be given to `identity`: root can give anything to anybody, also what somebody else has
 * made to be taken for ours.
 */
export function mayTake({ owner }: Identity, uid: number): boolean {
  return owner === undefined || [0, NOBODY, owner].includes(uid);
}

/** Runs a command to its end as `identity`, in the root folder and with no more of our environment than `env`. */
export async function runAs(
  identity: Identity,
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const [program = '', ...args] = [...identity.prefix, ...command];
  const { stdout } = await run(program, args, { cwd: '/', env: { ...BARE_ENVIRONMENT, ...env } });
  return stdout;
}

/**
 * Without our own variables: a `PGPORT` or `LD_PRELOAD` meant for somebody else must not reach the servers. The path
 * is complete, since a bare environment often lacks the `sbin` folders.
 */
export const BARE_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C',
  TZ: 'UTC',
};

/** Gives a folder and all in it to `identity`, should it have another owner; a folder that is right costs one look. */
export async function giveTo(identity: Identity, path: string): Promise<void> {
  if (identity.owner === undefined || (await lstat(path)).uid === identity.owner) return;
  await giveTree(path, identity.owner);
}

/** Children first, so that a walk that was cut short is taken up again the next time. */
async function giveTree(path: string, owner: number): Promise<void> {
  const stat = await lstat(path);
  if (stat.isSymbolicLink()) return;
  if (stat.isDirectory()) {
    for (const name of await readdir(path)) await giveTree(join(path, name), owner);
  }
  await chown(path, owner, owner);
}

function firstLine(error: unknown): string {
  const text = (error as { stderr?: string }).stderr || String(error);
  return text.trim().split('\n')[0] ?? '';
}
