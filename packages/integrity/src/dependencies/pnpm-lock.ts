/**
 * pnpm's lock file, `pnpm-lock.yaml`, and how it lays packages out: each in a folder of its own below
 * `node_modules/.pnpm`, and a link for each use of it.
 */
import { createHash } from 'node:crypto';
import {
  joined,
  placesAbove,
  sha512Of,
  type LockedLink,
  type LockedPackage,
  type LockFile,
  type UncoveredPackage,
} from './locked.js';
import { readYaml, type YamlNode } from './pnpm-yaml.js';

const STORE = 'node_modules/.pnpm';
/** From `virtualStoreDirMaxLength` of pnpm, and what it leaves of a longer name before a hash. */
const LONGEST_NAME = 120;
const KEPT_OF_LONG_NAME = 86;
const KINDS = ['dependencies', 'devDependencies', 'optionalDependencies'];

/** `undefined` unless the text is a lock file of version 9. */
export function readPnpmLock(
  text: string,
  folders: (path: string) => readonly string[],
): LockFile | undefined {
  const lock = readYaml(text);
  if (!lock.get('lockfileVersion')?.startsWith('9.')) return undefined;
  const inStore = folders(STORE);
  const packages: LockedPackage[] = [];
  const uncovered: UncoveredPackage[] = [];
  const links: LockedLink[] = [];
  const listed = lock.node('packages');
  const pathOf = (id: string): string => `${STORE}/${storeFolder(id, inStore)}/node_modules/${nameOf(id)}`;
  const shipped = reachable(lock);

  for (const [id, snapshot] of lock.node('snapshots').nodes()) {
    const path = pathOf(id);
    const locked = listed.node(id.replace(/\(.*$/, ''));
    const tarball = sha512Of(locked.node('resolution').get('integrity'));
    const why = id.includes('(patch_hash=')
      ? 'is patched after it was unpacked'
      : tarball === undefined && 'has no SHA-512 in the lock file, as what comes from git or a folder';
    const isOptional = snapshot.get('optional') === 'true' || !shipped.has(id);
    if (why !== false) uncovered.push({ path, why });
    else if (tarball !== undefined) {
      packages.push({
        path,
        id: id.replace(/\(.*$/, ''),
        tarball,
        isOptional,
        hasInstallScript: locked.get('requiresBuild') === 'true',
      });
    }
    const beside = `${STORE}/${storeFolder(id, inStore)}/node_modules`;
    for (const kind of KINDS)
      for (const [alias, version] of snapshot.node(kind).values())
        links.push(linkTo(`${beside}/${alias}`, idOf(alias, version), version, '', pathOf));
  }
  const importers = [...lock.node('importers').nodes()];
  for (const [folder, importer] of importers) {
    for (const kind of KINDS) {
      for (const [alias, use] of importer.node(kind).nodes()) {
        const version = use.get('version') ?? '';
        links.push(
          linkTo(joined(folder, `node_modules/${alias}`), idOf(alias, version), version, folder, pathOf),
        );
      }
    }
  }
  const places = new Set(importers.flatMap(([folder]) => placesAbove(folder)));
  return {
    places: [...places.add('node_modules')].toSorted(),
    packages,
    uncovered,
    links,
    notes: [
      'node_modules/.modules.yaml',
      'node_modules/.pnpm-workspace-state.json',
      'node_modules/.pnpm-workspace-state-v1.json',
      `${STORE}/lock.yaml`,
    ],
    hoisted: ['node_modules', `${STORE}/node_modules`],
  };
}

/** What is installed without the dependencies for development. */
function reachable(lock: YamlNode): ReadonlySet<string> {
  const ids = new Set<string>();
  const add = (alias: string, version: string): void => void ids.add(idOf(alias, version));
  for (const [, importer] of lock.node('importers').nodes())
    for (const kind of ['dependencies', 'optionalDependencies'])
      for (const [alias, use] of importer.node(kind).nodes()) add(alias, use.get('version') ?? '');
  // Grows while it is walked.
  for (const id of ids)
    for (const kind of KINDS)
      for (const [alias, version] of lock.node('snapshots').node(id).node(kind).values()) add(alias, version);
  return ids;
}

function linkTo(
  path: string,
  id: string,
  version: string,
  folder: string,
  pathOf: (id: string) => string,
): LockedLink {
  const target = version.startsWith('link:') ? joined(folder, version.slice(5)) : pathOf(id);
  // Of production or of another platform, some are not there.
  return { path, targets: [target], isOptional: true };
}

/** What a use of a package means, as pnpm's own `refToRelative` reads it. */
function idOf(alias: string, version: string): string {
  if (version.startsWith('@')) return version;
  return /^[^@:(]+@/.test(version) ? version : `${alias}@${version}`;
}

function nameOf(id: string): string {
  return id.slice(0, id.indexOf('@', 1));
}

/** The folder of a package, as pnpm's own `depPathToFilename` names it. */
function storeFolder(id: string, inStore: readonly string[]): string {
  const plain = id
    .replaceAll(/[\\/:*?"<>|#]/g, '+')
    .replace(/\)$/, '')
    .replaceAll(/\)\(|[()]/g, '_');
  if (inStore.includes(plain)) return plain;
  if (plain.length <= LONGEST_NAME && plain === plain.toLowerCase()) return plain;
  const kept = plain.slice(0, KEPT_OF_LONG_NAME);
  const digest = createHash('sha256').update(plain).digest('hex').slice(0, 32);
  const named = `${plain.slice(0, LONGEST_NAME - 33)}_${digest}`;
  if (inStore.includes(named)) return named;
  return inStore.find((name) => name.startsWith(kept) && name.length > kept.length) ?? named;
}
