// Makes a fresh clone ready: installs and builds what is missing, and costs a fraction of a second when nothing is.
// Runs before every other command, so it may use nothing but Node itself.
//
//   node scripts/ready.mjs start     what running the service needs
//   node scripts/ready.mjs           everything: the tests, the gates and the benchmarks too
//   node scripts/ready.mjs install   the packages for everything, and no build
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  fail(`Expected Node.js to be 20.19 or newer, got ${process.versions.node}.`);
}

const [, , extent] = process.argv;
const everything = extent !== 'start';

const lockFile = readFileSync('package-lock.json', 'utf8');
if (!isInstalled()) {
  say(`Installing packages for ${everything ? 'tests and service' : 'the service'}, once …`);
  run('npm', ['ci', ...(everything ? [] : ['--omit=dev']), '--no-audit', '--no-fund', '--loglevel=error']);
}
if (extent === 'install') process.exit();

const lock = createHash('sha256').update(lockFile).digest('hex');
const BUILT = 'node_modules/.portal-built';
const newestMs = ['packages', 'test-kit', 'bench', 'e2e', 'tsconfig.json', 'tsconfig.base.json'].map(newest);
const outputs = [
  'packages/health/dist',
  'packages/integrity/dist',
  'packages/server/dist',
  'packages/page/dist/site',
  ...(everything ? ['test-kit/dist'] : []),
];
const hasOutputs = outputs.every((path) => existsSync(path));
if (!hasOutputs || !isBuilt(lock) || writtenMs(BUILT) < Math.max(...newestMs)) {
  say('Building …');
  // The compiler's notes lie in node_modules, which may have been copied without what they are about.
  const force = hasOutputs ? [] : ['--force'];
  run('node_modules/.bin/tsc', ['-b', ...force, ...(everything ? [] : ['packages/server'])]);
  run(process.execPath, ['scripts/page.mjs']);
  writeFileSync(BUILT, `${lock} ${everything ? 'everything' : 'start'}`);
}

/**
 * Whether what npm noted at its last install, whoever asked for it, is what the lock file says, as far as it is needed now.
 * Optional packages may be missing: most are for other machines.
 */
function isInstalled() {
  const NOTED = 'node_modules/.package-lock.json';
  if (!existsSync(NOTED)) return false;
  const wanted = JSON.parse(lockFile).packages;
  const noted = JSON.parse(readFileSync(NOTED, 'utf8')).packages;
  const isNeeded = ([path, { dev, optional, devOptional }]) =>
    path !== '' && !optional && (everything || !(dev || devOptional));
  const isSame = (path) =>
    ['version', 'integrity', 'link'].every((key) => noted[path]?.[key] === wanted[path]?.[key]);
  return [
    ...Object.keys(noted),
    ...Object.entries(wanted)
      .filter(isNeeded)
      .map(([path]) => path),
  ].every(isSame);
}

/** True when the build was done for this `state`, and as far as is needed now. */
function isBuilt(state) {
  if (!existsSync(BUILT)) return false;
  const [builtState, builtExtent] = readFileSync(BUILT, 'utf8').split(' ');
  return builtState === state && (builtExtent === 'everything' || !everything);
}

/** When a source below `entry` was last written, in milliseconds. */
function newest(entry) {
  const stat = statSync(entry);
  if (!stat.isDirectory()) return stat.mtimeMs;
  const within = readdirSync(entry)
    // What installing, building and measuring write is no source.
    .filter((name) => name !== 'node_modules' && name !== 'dist' && name !== 'RESULTS.md')
    .map((name) => newest(`${entry}/${name}`));
  // A folder that has just got its first `dist` is newer than its sources: only its entries count.
  return Math.max(0, ...within);
}

function writtenMs(path) {
  return statSync(path).mtimeMs;
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 2, 2] });
  if (error) fail(`${command} could not be started: ${error.message}.`);
  if (status !== 0) fail(`${command} ${args.join(' ')} failed with exit code ${status}.`);
}

function say(text) {
  process.stderr.write(`${text}\n`);
}

function fail(sentence) {
  say(sentence);
  process.exit(1);
}
