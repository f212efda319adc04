/**
 * Which user a server runs as: Postgres refuses to be root, and Redis has no reason to.
 *
 * Not root: as the user itself. Root: as a user whose number is the service's alone, so that no other program's process
 * may touch the server or its files. Its folders lie in one that is closed to everybody but root, and it is let in by
 * descriptors that root has opened ({@link reach}). Where the programs themselves are closed off (below /root): in a user
 * namespace in which root is called `nobody`, so that it can reach the files but holds no privilege. Where that is forbidden
 * too, as in most containers: with the one privilege of reaching files, and no other.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chown, lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** 65534 is `nobody` on every Linux; by number, because a container's image may know no names. */
export const NOBODY = 65_534;

/** Numbers that neither distributions nor systemd hand out: https://systemd.io/UIDS-GIDS, "60706–61183: unused". */
const FIRST_UID = 60_706;
const LAST_UID = 61_183;

export interface ServerIdentity {
  /** Words before a command that make it run as this user. */
  readonly prefix: readonly string[];
  /** Who must own the server's files; `undefined` when whoever makes them does. */
  readonly owner: number | undefined;
  /** The like of it for a program that will not run as a user without a name; absent when it has one. */
  readonly named?: ServerIdentity;
}

const OURSELVES: ServerIdentity = { prefix: [], owner: undefined };

const IN_NAMESPACE: ServerIdentity = {
  prefix: ['unshare', '--user', `--map-user=${NOBODY}`, `--map-group=${NOBODY}`, '--'],
  owner: 0,
};

/**
 * Reading and walking is enough; but a container often has only the capability that allows writing as well. Without the
 * bit, `access()`, by which Postgres looks for its own programs, answers as if there were no capability.
 */
const CAPABILITIES = ['dac_read_search', 'dac_override'];

function asUser(uid: number, capability?: string): ServerIdentity {
  const only = `-all,+${capability}`;
  const flags = [
    '--securebits=+no_setuid_fixup',
    `--inh-caps=${only}`,
    `--ambient-caps=${only}`,
    `--bounding-set=${only}`,
  ];
  return {
    prefix: [
      'setpriv',
      `--reuid=${uid}`,
      `--regid=${uid}`,
      '--clear-groups',
      '--no-new-privs',
      ...(capability === undefined ? [] : flags),
      '--',
    ],
    owner: uid,
    ...(uid === NOBODY ? {} : { named: asUser(NOBODY, capability) }),
  };
}

/** A uid that no other user of this machine has, always the same for a data folder. */
export async function uidFor(dataFolder: string): Promise<number> {
  const users = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const taken = new Set(users.split('\n').map((line) => Number(line.split(':')[2])));
  const count = LAST_UID - FIRST_UID + 1;
  const start = createHash('sha256').update(dataFolder).digest().readUInt32BE() % count;
  for (let step = 0; step < count; step += 1) {
    const uid = FIRST_UID + ((start + step) % count);
    if (!taken.has(uid)) return uid;
  }
  return NOBODY;
}

/** What a server's user must be able to do. */
export interface Needs {
  /** The server's program; it is asked for its version. */
  readonly program: string;
  readonly env: Readonly<Record<string, string>>;
  /** A folder that must be walked into without help. */
  readonly folder?: string;
  /** A closed folder of ours that the program or its libraries lie in. */
  readonly place?: string | undefined;
  /** The number to run as when we are root; `nobody` unless given. */
  readonly uid?: number;
}

/**
 * Chooses the user for a server.
 *
 * @throws an Error of one sentence when we are root and there is no other user who can do it
 */
export async function chooseIdentity({
  program,
  env,
  folder = '/',
  place,
  uid = NOBODY,
}: Needs): Promise<ServerIdentity> {
  if (process.getuid?.() !== 0) return OURSELVES;
  const failures: string[] = [];
  // A container may know fewer numbers than there are, and then has nobody but `nobody`.
  const uids = [...new Set([uid, NOBODY])];
  const withCapability = CAPABILITIES.flatMap((capability) => uids.map((one) => asUser(one, capability)));
  for (const identity of [...uids.map((one) => asUser(one)), IN_NAMESPACE, ...withCapability]) {
    const reached = reach(identity, place === undefined ? [] : [place]);
    try {
      // Tried, because permissions are more than mode bits.
      const command = ['sh', '-c', 'cd "$0" && "$1" --version', folder, reached.seen(program)];
      await runAs(reached, command, reached.seenAll(env));
      return identity;
    } catch (error) {
      failures.push(firstLine(error));
    }
  }
  throw new Error(
    `A server must not run as root, and as another user it cannot reach ${program} ` +
      `(${failures.join('; ')}); open its folder to everybody, move it, or start the service as another user.`,
  );
}

/** A user, and how folders that are closed to it look to it. */
export interface Reached {
  readonly prefix: readonly string[];
  readonly owner: number | undefined;
  /** A path within one of the folders, as the user sees it; other paths stay what they are. */
  seen(path: string): string;
  seenAll(env: Readonly<Record<string, string>>): Record<string, string>;
}

/**
 * Lets a user into folders although it cannot walk there: root opens them before it becomes that user, and the kernel
 * asks for no permission on the way to what is open. So the folder above them is closed to that user as to everybody.
 */
export function reach({ prefix, owner }: ServerIdentity, folders: readonly string[]): Reached {
  if (owner === undefined || folders.length === 0 || process.platform !== 'linux') {
    return { prefix, owner, seen: (path) => path, seenAll: (env) => ({ ...env }) };
  }
  // From 9 down: a shell can give one digit, and 3 is the lock that `flock` has opened, which must stay open.
  const opened = folders.map((folder, index) => ({ folder, path: `/proc/self/fd/${9 - index}` }));
  const redirections = opened.map((_, index) => `${9 - index}<"$${index + 1}"`).join(' ');
  const script = `exec ${redirections}; shift ${folders.length}; exec "$@"`;
  function seen(path: string): string {
    const within = opened.find(({ folder }) => path === folder || path.startsWith(`${folder}/`));
    return within === undefined ? path : `${within.path}${path.slice(within.folder.length)}`;
  }
  return {
    prefix: ['sh', '-c', script, 'sh', ...folders, ...prefix],
    owner,
    seen,
    seenAll: (env) =>
      Object.fromEntries(
        Object.entries(env).map(([name, value]) => [name, value.split(':').map(seen).join(':')]),
      ),
  };
}

/**
 * Whether a server's folder may be given to `identity`: root can give away anything, also what another user has
 * made to be taken for ours.
 */
export function mayTake({ owner }: ServerIdentity, uid: number): boolean {
  return owner === undefined || [0, NOBODY, owner].includes(uid) || (uid >= FIRST_UID && uid <= LAST_UID);
}

/** Runs a command to its end as `identity`, in the root folder and with no more of our environment than `env`. */
export async function runAs(
  { prefix }: Pick<ServerIdentity, 'prefix'>,
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const [program = '', ...args] = [...prefix, ...command];
  const { stdout } = await run(program, args, { cwd: '/', env: { ...BARE_ENVIRONMENT, ...env } });
  return stdout;
}

/**
 * Without our own variables: a `PGPORT` or `LD_PRELOAD` meant for another program must not reach the servers. The path
 * is complete, since a bare environment often lacks the `sbin` folders.
 */
export const BARE_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C',
  TZ: 'UTC',
};

/** Gives a folder and all in it to `identity`, should it have another owner; a folder that is right costs one look. */
export async function giveTo(identity: Pick<ServerIdentity, 'owner'>, path: string): Promise<void> {
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
