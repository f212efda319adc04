// Compares the tree in ARCHITECTURE.md with the disk, in both directions: all that it names is there; every folder of
// sources is in it; and where it names one file of a folder, it names all of them. Tests mirror the sources, and are not
// drawn.
//
//   node scripts/map.mjs [ROOT]
//
// A line of the tree is a branch, one or more names, and after two spaces or more what they are. The name of a folder
// ends with a slash; that of a file goes without its ending.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folders that have to be drawn: those at the top, the packages, what stands in them, and all below their `src`. */
const DRAWN = /^[^./][^/]*\/$|^packages\/[^/]+\/((?!test\/)[^/]+\/)?$|^packages\/[^/]+\/src\/.+\/$/;

const root = resolve(process.argv[2] ?? fileURLToPath(new URL('..', import.meta.url)));
const [, tree] =
  /^```\n(packages\/[^]*?)^```/m.exec(readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')) ?? [];
if (tree === undefined) throw new Error('ARCHITECTURE.md has no tree that begins with packages/.');

const files = filesBelow('');
const onDisk = new Set([...files.flatMap(foldersOf), ...files.map(withoutEnding)]);

const drawn = readTree(tree);
const withFiles = new Set([...drawn].filter((path) => !path.endsWith('/')).map((path) => dirname(path)));
const complaints = [
  ...[...drawn].filter((path) => !onDisk.has(path)).map((path) => `draws ${path}, which is not there`),
  ...[...onDisk]
    .filter((path) => !drawn.has(path))
    .filter((path) => (path.endsWith('/') ? DRAWN.test(path) : withFiles.has(dirname(path))))
    .map((path) => `does not draw ${path}`),
];
for (const complaint of complaints) process.stdout.write(`ARCHITECTURE.md ${complaint}.\n`);
process.exitCode = complaints.length === 0 ? 0 : 1;

/** Of sources: what installing, building, running and measuring write is none. */
function filesBelow(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}${entry.name}`;
    if (!entry.isDirectory()) return [path];
    if (entry.name.startsWith('.') || entry.name === 'node_modules' || entry.name === 'dist') return [];
    return filesBelow(`${path}/`);
  });
}

/** Every path that the tree names, with the folders on the way to it. */
function readTree(text) {
  const above = [];
  const paths = new Set();
  for (const line of text.split('\n')) {
    const [, branch = '', names] = /^([│├└─\s]*)(\S+(?: \S+)*)/.exec(line) ?? [];
    if (names === undefined) continue;
    const depth = branch.length / 4;
    const parent = depth === 0 ? '' : above[depth - 1];
    for (const name of names.split(' ')) {
      const path = `${parent}${name}`;
      above[depth] = path;
      for (const folder of foldersOf(path)) paths.add(folder);
      paths.add(path);
    }
  }
  return paths;
}

/** `a/b/c.ts` is in `a/` and in `a/b/`. */
function foldersOf(path) {
  const names = path.split('/').slice(0, -1);
  return names.map((_, index) => `${names.slice(0, index + 1).join('/')}/`);
}

function withoutEnding(file) {
  return file.replace(/(?<=[^/])\.\w+$/, '');
}
