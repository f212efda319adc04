// Holds the imports of every package to one table: who may import whom, and in which direction. Files that import each
// other in a circle fail too, types included. Plain expressions read the imports, because the compiler has no interface
// for programs any more.
//
//   node scripts/imports.mjs [ROOT]
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * `uses`: the other packages that its code may import, for all npm packages `npm`; `types`: those it may import for types
 * alone. `floors`: its rooms from the bottom up, a room being a folder or file of `src`. A room imports from lower
 * floors, never from its own floor's other rooms. A package without floors only has no circles.
 */
const PACKAGES = {
  'packages/shared': { uses: [] },
  'packages/health': {
    uses: ['portal-shared'],
    floors: [
      ['problems', 'run-clock'],
      ['types', 'defaults'],
      ['unknown', 'verdict', 'source-option', 'identity', 'tracing', 'run-counts'],
      ['statistics', 'guarded-source'],
      ['probes'],
      ['probe-run', 'run-plan', 'freshness', 'reasons'],
      ['sampler', 'pace-control', 'report', 'advice'],
      ['snapshot', 'readiness'],
      ['health-options', 'http/endpoint-options'],
      ['check-health-options', 'watched-type', 'health-type'],
      ['watched-stores'],
      ['watched'],
      ['components', 'listeners', 'shutdown'],
      ['snapshot-cache', 'explanation', 'sampling'],
      ['http'],
      ['listen'],
      ['health'],
      ['index', 'checks', 'terminus', 'diagnose', 'adapters', 'cli'],
      ['auto'],
    ],
  },
  'packages/integrity': {
    uses: ['portal-shared'],
    floors: [
      ['times', 'scan'],
      ['compare', 'loaded', 'release'],
      ['dependencies'],
      ['watch'],
      ['dependency-state', 'warnings'],
      ['source-options', 'state'],
      ['expected', 'memory-event', 'source-snapshot'],
      ['source-knowledge'],
      ['disk-watch'],
      ['source'],
      ['index', 'cli', 'follow'],
    ],
  },
  'packages/dev-servers': { uses: ['portal-shared', 'npm'] },
  'packages/server': {
    uses: ['portal-shared', 'portal-health', 'portal-integrity', 'portal-dev-servers', 'npm'],
    floors: [
      ['errors', 'config', 'fleet/service-verdict', 'fleet/source/source-verdict'],
      ['infra', 'fleet/fleet-update'],
      ['auth', 'monitoring', 'fleet'],
      ['api', 'stores', 'embedded-servers', 'urls'],
      ['outside', 'service-health', 'own-service'],
      ['watched-fleet'],
      ['app'],
      ['serve'],
      ['cli'],
      ['main'],
    ],
  },
  'packages/page': {
    uses: ['portal-health', 'npm'],
    types: ['portal-server'],
    floors: [
      ['base', 'state-container'],
      ['address', 'copy', 'views/copy-button'],
      ['api', 'views/text'],
      ['charts'],
      ['views'],
      ['main'],
    ],
  },
  'test-kit': { uses: ['portal-dev-servers', 'npm'] },
};
/** What proves something may import everything, but not in circles. */
const PROOFS = ['bench', 'demo', 'e2e', 'examples'];

const IMPORT =
  /^\s*(?:import|export)\s+(type\s)?([^;'"]*?)\s*from\s+'([^']+)'|^\s*import\s+'([^']+)'|\bimport\('([^']+)'\)/gm;

const root = resolve(process.argv[2] ?? fileURLToPath(new URL('..', import.meta.url)));
const packages = Object.keys(PACKAGES);
const complaints = [
  ...packages.flatMap(directions),
  ...packages.flatMap((path) => circle(`${path}/src`)),
  ...packages.flatMap((path) => circle(`${path}/test`)),
  ...PROOFS.flatMap(circle),
];
for (const complaint of complaints) process.stdout.write(`${complaint}\n`);
process.exitCode = complaints.length === 0 ? 0 : 1;

/** What of the code of a package points up, or at another package that it must not know. */
function directions(path) {
  const { uses, types = [], floors } = PACKAGES[path];
  return readImports(`${path}/src`).flatMap(({ file, imports }) => {
    const here = floors && floorOf(file, floors);
    if (here?.floor === -1) return [`${path}/src/${file} has no room in the table of scripts/imports.mjs.`];
    return imports.flatMap(({ target, isType, isLocal }) => {
      const says = (why) => [`${path}/src/${file} imports ${target}, ${why}.`];
      if (target.startsWith('node:')) return [];
      if (!isLocal) {
        const name = target.startsWith('portal-') ? target.split('/')[0] : 'npm';
        if (uses.includes(name) || (isType && types.includes(name))) return [];
        return says(types.includes(name) ? 'of which it may import types alone' : 'which it must not know');
      }
      if (target.startsWith('..')) return says('which is none of its own sources');
      if (!floors) return [];
      const there = floorOf(target, floors);
      if (there.room === here.room || there.floor < here.floor) return [];
      return says(there.floor === here.floor ? 'which stands beside it' : 'which stands above it');
    });
  });
}

/** The longest name of a room that the path begins with decides. */
function floorOf(file, floors) {
  const path = file.replace(/\.\w+$/, '');
  const rooms = floors.flatMap((names, floor) => names.map((room) => ({ room, floor })));
  return rooms
    .filter(({ room }) => path === room || path.startsWith(`${room}/`))
    .reduce((found, one) => (one.room.length > found.room.length ? one : found), { room: '', floor: -1 });
}

/** The first circle of files that import each other, if there is one. */
function circle(folder) {
  const files = new Map(readImports(folder).map(({ file, imports }) => [file, imports]));
  const done = new Set();
  function visit(file, path) {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    done.add(file);
    for (const { target } of files.get(file) ?? []) {
      const found = visit(target, [...path, file]);
      if (found) return found;
    }
    return undefined;
  }
  for (const file of files.keys()) {
    const found = visit(file, []);
    if (found) return [`${folder}: ${found.join(' → ')} is a circle of imports.`];
  }
  return [];
}

/** Every source below `folder`, with what it imports: sources by their paths in it, all else as it is written. */
function readImports(folder) {
  const base = join(root, folder);
  if (!existsSync(base)) return [];
  return readdirSync(base, { recursive: true })
    .filter((name) => /\.(ts|tsx|mjs)$/.test(name) && !/(^|\/)(dist|node_modules)\//.test(name))
    .toSorted()
    .map((file) => ({
      file,
      imports: [...readFileSync(join(base, file), 'utf8').matchAll(IMPORT)].map(
        ([, type, names = '', from, plain, lazy]) => {
          const written = from ?? plain ?? lazy;
          const isLocal = written.startsWith('.');
          return {
            target: isLocal ? sourceOf(base, join(base, dirname(file), written)) : written,
            isLocal,
            isType: type !== undefined || /^\{(\s*type\s[^,}]+,?)+\s*\}$/.test(names),
          };
        },
      ),
    }));
}

/** The source that `path` is built of, from `base`. */
function sourceOf(base, path) {
  const stem = path.replace(/\.js$/, '');
  const source = ['.ts', '.tsx'].map((ending) => stem + ending).find((one) => existsSync(one));
  return relative(base, source ?? path);
}
