/**
 * Programs out of the machine's own package sources, on Debian and its descendants: signatures checked by apt, without
 * root, and unpacked into a folder of ours instead of being installed.
 */
import { execFile } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { BARE_ENVIRONMENT } from './identity.js';

const run = promisify(execFile);

export interface PackageRequest {
  /** A folder that is there when the package has been fetched before, and else is made. */
  readonly folder: string;
  /** The first of these that there is. */
  readonly names: readonly [string, ...string[]];
  /** Whether the packages it depends on are fetched too, those that this machine lacks. */
  readonly withDependencies: boolean;
  /** How long it may take, 120 s unless told. */
  readonly limitS?: number;
}

/** Whether this is a Debian or one of its descendants, with what the fetching takes. */
export function canFetch(): Promise<boolean> {
  return runShell('command -v apt-get && command -v dpkg-deb && command -v flock && command -v timeout').then(
    () => true,
    () => false,
  );
}

/** Runs a script with our own environment, which knows the way to a proxy, and the folders that a bare path lacks. */
export async function runShell(script: string, ...args: readonly string[]): Promise<string> {
  const path = `PATH="\${PATH:-}:${BARE_ENVIRONMENT['PATH']}"; export PATH LC_ALL=C;`;
  const { stdout } = await run('/bin/sh', ['-c', `${path} ${script}`, 'sh', ...args], { cwd: '/' });
  return stdout;
}

/** Where the first of these programs is that this machine has. */
export async function findInstalled(...names: readonly string[]): Promise<string | undefined> {
  const script = 'for name; do command -v "$name" && exit; done; exit 1';
  const found = await runShell(script, ...names).catch(() => '');
  return found.trim() || undefined;
}

/** apt gets folders of ours; its own stay as they are. */
const FETCH = `
set -eu
umask 077
place=$1 dependencies=$2
shift 2
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
packages=
for name in "$@"; do
  packages=$(missing "$name")
  [ -z "$packages" ] || break
done
[ "$dependencies" = true ] || packages=$name
apt download $packages
for package in *.deb; do dpkg-deb --extract "$package" root; done
chmod 755 root
mv root "$place"
cd /
rm -rf "$work"
`;

const LIMIT_S = 120;
/** How `timeout` says so. */
const TIMED_OUT = 124;

/**
 * Fetches a package, one at a time for a place: the one that waited finds it done.
 *
 * @throws an Error, which {@link reasonOf} puts into words
 */
export async function fetchPackage({
  folder: place,
  names,
  withDependencies,
  limitS = LIMIT_S,
}: PackageRequest): Promise<void> {
  await mkdir(dirname(place), { recursive: true });
  const bounded =
    `umask 077; limit=$1 place=$2 script=$3; shift 3; ` +
    `exec timeout --kill-after=5 "$limit" flock "$place.lock" sh -c "$script" sh "$place" "$@"`;
  try {
    await runShell(bounded, String(limitS), place, FETCH, String(withDependencies), ...names);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === TIMED_OUT) {
      throw new Error(`it took longer than ${limitS} s`, { cause: error });
    }
    throw error;
  }
}

/**
 * What a fetched program needs to find the libraries that came with it. Debian's lie in `lib/<architecture>-linux-gnu`,
 * and those that only other libraries use in folders below that.
 */
export async function libraryEnvironment(place: string): Promise<Readonly<Record<string, string>>> {
  const roots = [join(place, 'usr', 'lib'), join(place, 'lib')];
  const folders = (await Promise.all(roots.map(foldersOf)))
    .flat()
    .filter((path) => basename(path).includes('-linux-gnu'));
  const below = await Promise.all(folders.map(foldersOf));
  return { LD_LIBRARY_PATH: [...folders, ...below.flat()].join(':') };
}

async function foldersOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
}

/** The first thing that a failed command complained of. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const complaint = 'stderr' in error ? String(error.stderr).trim().split('\n')[0] : undefined;
  return complaint || error.message;
}
