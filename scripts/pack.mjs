// Makes the tarball of a package as it is published; `npm pack` and `npm publish` in the package's folder make the same.
//
//   node scripts/pack.mjs health [FOLDER]   leaves the tarball of portal-health in FOLDER, by default here, and prints its path and size
//   node scripts/pack.mjs --before health   the package's own `prepack`: what is published stands in the place of what is developed
//   node scripts/pack.mjs --after health    its `postpack`: puts everything back; also to be run by hand after a pack that was killed
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PUBLISHED, run, stage } from './stage.mjs';

const STEPS = { '--before': putInPlace, '--after': putBack };

const steps = process.argv.slice(2).filter((argument) => argument.startsWith('--'));
const [name, into = '.'] = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
if (!PUBLISHED.includes(name)) throw new Error(`Expected one of ${PUBLISHED.join(', ')}, got ${name}.`);
const destination = resolve(into);
process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const home = `packages/${name}`;
/** Where what is developed waits meanwhile, within the package. Git and npm leave it out. */
const aside = join(home, '.packing');

const step = steps.length === 0 ? pack : STEPS[steps[0]];
if (!step) throw new Error(`Expected --before or --after, got ${steps[0]}.`);
await step();

async function pack() {
  await staged((folder) => {
    const packed = JSON.parse(
      npm(['pack', folder, '--json', '--ignore-scripts', '--pack-destination', destination]),
    );
    // An array until npm 11, an object by name since.
    const [{ filename, unpackedSize }] = Object.values(packed);
    process.stdout.write(`${join(destination, filename)} ${unpackedSize}\n`);
  });
}

async function putInPlace() {
  putBack();
  await staged((folder) => {
    mkdirSync(aside);
    try {
      for (const entry of readdirSync(folder)) {
        const place = join(home, entry);
        // An empty folder says that there was nothing.
        if (existsSync(place)) renameSync(place, join(aside, entry));
        else mkdirSync(join(aside, `${entry}.none`));
        cpSync(join(folder, entry), place, { recursive: true });
      }
    } catch (error) {
      putBack();
      throw error;
    }
  });
}

function putBack() {
  if (!existsSync(aside)) return;
  for (const entry of readdirSync(aside)) {
    const place = join(home, entry.replace(/\.none$/, ''));
    rmSync(place, { recursive: true, force: true });
    if (!entry.endsWith('.none')) renameSync(join(aside, entry), place);
  }
  rmSync(aside, { recursive: true });
}

/** Calls `use` with a folder that holds what is published, as long as it takes. */
async function staged(use) {
  const folder = mkdtempSync(join(tmpdir(), `portal-${name}-`));
  try {
    await stage(name, folder);
    use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function npm(args) {
  // On Windows it is a script, which only a shell can start; none of the arguments holds anything special to one.
  return run('npm', args, { shell: process.platform === 'win32' });
}
