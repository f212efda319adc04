/**
 * Where a Redis program is: installed on this machine, fetched by an earlier start, or fetched now.
 */
import { execFile } from 'node:child_process';
import { access, mkdir, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { BARE_ENVIRONMENT } from './identity.js';

const run = promisify(execFile);

/** A redis-server or valkey-server. */
export interface RedisProgram {
  readonly file: string;
  /** What it needs to find its libraries, should they lie in a folder of ours. */
  readonly env: Readonly<Record<string, string>>;
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
  const installed = await findInstalled();
  if (installed !== undefined) return { file: installed, env: {} };
  const place = join(options.folder, 'programs');
  const fetched = await findFetched(place);
  if (fetched !== undefined) return fetched;
  const none = (reason: string): undefined => {
    options.announce(
      `${reason}, so there is no cache. Install redis-server or valkey-server, or set REDIS_URL.`,
    );
  };
  if (!options.fetch || !(await canFetch())) return none('No redis-server or valkey-server was found');
  options.announce(`No redis-server or valkey-server was found: fetching Redis into ${place}, once …`);
  try {
    await fetchTo(place);
    const program = await findFetched(place);
    if (program === undefined) return none('The packages of Redis hold no server');
    await run(program.file, ['--version'], { env: { ...BARE_ENVIRONMENT, ...program.env } });
    return program;
  } catch (error) {
    return none(`Redis could not be fetched (${reasonOf(error)})`);
  }
}

async function findInstalled(): Promise<string | undefined> {
  const found = await shell('command -v redis-server || command -v valkey-server').catch(() => '');
  return found.trim() || undefined;
}

/** Whether this is a Debian or one of its descendants, with what the fetching takes. */
function canFetch(): Promise<boolean> {
  return shell('command -v apt-get && command -v dpkg-deb && command -v flock && command -v timeout').then(
    () => true,
    () => false,
  );
}

/** With our own environment, which knows the way to a proxy, and with the folders that a bare path lacks. */
async function shell(script: string, ...args: readonly string[]): Promise<string> {
  const path = `PATH="\${PATH:-}:${BARE_ENVIRONMENT['PATH']}"; export PATH LC_ALL=C;`;
  const { stdout } = await run('/bin/sh', ['-c', `${path} ${script}`, 'sh', ...args], { cwd: '/' });
  return stdout;
}

async function findFetched(place: string): Promise<RedisProgram | undefined> {
  for (const name of ['redis-server', 'valkey-server']) {
    const file = join(place, 'usr', 'bin', name);
    try {
      await access(file);
    } catch {
      continue;
    }
    const libraries = [join(place, 'usr', 'lib'), join(place, 'lib')];
    const folders = await Promise.all(libraries.map(architectureFolders));
    return { file, env: { LD_LIBRARY_PATH: folders.flat().join(':') } };
  }
  return undefined;
}

/** Debian's libraries lie in `lib/<architecture>-linux-gnu`. */
async function architectureFolders(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => name.includes('-linux-gnu')).map((name) => join(folder, name));
}

/**
 * Unpacks a Redis, and those of its libraries that this machine lacks, from the machine's own package sources, with
 * apt's signatures checked, without root and without installing anything: apt gets folders of ours.
 */
const FETCH = `
set -eu
place=$1
[ ! -e "$place" ] || exit 0
work="$place.fetching"
rm -rf "$work"
mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial" "$work/root"
cd "$work"
apt() {
  apt-get -qq -o Dir::State="$work/state" -o Dir::State::lists="$work/state/lists" -o Dir::Cache="$work/cache" \
    -o Dir::Cache::pkgcache=pkgcache.bin -o Dir::Cache::srcpkgcache=srcpkgcache.bin \
    -o Dir::State::status=/var/lib/dpkg/status -o APT::Sandbox::User=root -o Debug::NoLocking=true \
    -o Acquire::Languages=none -o Acquire::Retries=2 -o Acquire::http::Timeout=20 "$@"
}
apt update
missing() { apt --simulate --no-install-recommends install "$1" | sed -n 's/^Inst \\([^ ]*\\) .*/\\1/p'; }
packages=$(missing redis-server)
[ -n "$packages" ] || packages=$(missing valkey-server)
apt download $packages
for package in *.deb; do dpkg-deb --extract "$package" root; done
mv root "$place"
cd /
rm -rf "$work"
`;

const FETCH_LIMIT_S = 120;
/** How `timeout` says so. */
const TIMED_OUT = 124;

/** One at a time for a place: whoever waited finds it done. */
async function fetchTo(place: string): Promise<void> {
  await mkdir(dirname(place), { recursive: true });
  const bounded = `exec timeout --kill-after=5 ${FETCH_LIMIT_S} flock "$1.lock" sh -c "$2" sh "$1"`;
  await shell(bounded, place, FETCH);
}

/** The first thing that a failed command complained of. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && error.code === TIMED_OUT) return `it took longer than ${FETCH_LIMIT_S} s`;
  const complaint = 'stderr' in error ? String(error.stderr).trim().split('\n')[0] : undefined;
  return complaint || error.message;
}
