/** npm's lock file, `package-lock.json`, also the one that it hides in `node_modules`. */
import { asObject, asString, parseObject, type JsonObject } from 'portal-shared/json';
import {
  joined,
  placesAbove,
  sha512Of,
  type LockedLink,
  type LockedPackage,
  type LockFile,
  type UncoveredPackage,
} from './locked.js';

/** `undefined` unless the text is a lock file of version 2 or 3. */
export function readNpmLock(text: string): LockFile | undefined {
  const listed = asObject(parseObject(text)?.['packages']);
  if (!listed) return undefined;
  const packages: LockedPackage[] = [];
  const uncovered: UncoveredPackage[] = [];
  const links: LockedLink[] = [];
  const bins = new Map<string, Set<string>>();
  const places = new Set<string>(placesAbove(''));
  for (const [path, value] of Object.entries(listed)) {
    const entry = asObject(value);
    if (!entry) continue;
    const isInstalled = /(?:^|\/)node_modules\//.test(path);
    // The others are the project itself and its workspaces, which are source.
    if (!isInstalled) for (const place of placesAbove(path)) places.add(place);
    const target = asString(entry['resolved']);
    const isLink = entry['link'] === true && target !== undefined;
    if (isLink) links.push({ path, targets: [joined('', target)], isOptional: false });
    else if (isInstalled) {
      places.add(topOf(path));
      const found = installed(path, entry);
      if ('why' in found) uncovered.push(found);
      else packages.push(found);
    }
    const owner = isLink ? asObject(listed[target]) : entry;
    if (isInstalled && owner) noteBins(bins, path, owner);
  }
  return {
    places: [...places].toSorted(),
    packages,
    uncovered: uncovered.filter(({ path }) => !packages.some((locked) => isInBundle(locked, path, listed))),
    links: [
      ...links,
      ...Array.from(bins, ([path, targets]) => ({ path, targets: [...targets], isOptional: true })),
    ],
    notes: ['node_modules/.package-lock.json'],
    hoisted: [],
  };
}

function installed(path: string, entry: JsonObject): LockedPackage | UncoveredPackage {
  const tarball = sha512Of(asString(entry['integrity']));
  if (tarball === undefined) return { path, why: whyNot(entry) };
  const resolved = asString(entry['resolved']) ?? '';
  const version = asString(entry['version']);
  const name = asString(entry['name']) ?? path.slice(path.lastIndexOf('node_modules/') + 13);
  return {
    path,
    id: version === undefined ? undefined : `${name}@${version}`,
    tarball,
    ...(resolved.startsWith('file:') ? { file: joined('', resolved.slice(5)) } : {}),
    isOptional: ['optional', 'devOptional', 'dev', 'peer'].some((kind) => entry[kind] === true),
    isBundled: entry['inBundle'] === true,
    hasInstallScript: entry['hasInstallScript'] === true,
  };
}

/** What has no digest because it comes in the tarball of a package that has one. */
function isInBundle({ path }: LockedPackage, inside: string, listed: JsonObject): boolean {
  return asObject(listed[inside])?.['inBundle'] === true && inside.startsWith(`${path}/node_modules/`);
}

function whyNot(entry: JsonObject): string {
  const resolved = asString(entry['resolved']) ?? '';
  if (/^git\b/.test(resolved)) return 'comes from git, of which the lock file has no digest';
  if (resolved.startsWith('file:')) return 'is a copy of a folder, of which the lock file has no digest';
  return 'has no SHA-512 in the lock file';
}

/** Links to the programs of a package lie beside it; of two that give a program of one name, either may have won. */
function noteBins(bins: Map<string, Set<string>>, path: string, owner: JsonObject): void {
  const place = path.slice(0, path.lastIndexOf('node_modules/') + 'node_modules'.length);
  for (const [name, file] of Object.entries(asObject(owner['bin']) ?? {})) {
    const link = `${place}/.bin/${name}`;
    const targets = bins.get(link) ?? new Set();
    bins.set(link, targets.add(joined(path, asString(file) ?? '')));
  }
}

/** The outermost `node_modules` of a package: of the project, or of one of its workspaces. */
function topOf(path: string): string {
  return path.slice(0, path.indexOf('node_modules/') + 'node_modules'.length);
}
