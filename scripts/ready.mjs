// Makes a fresh clone ready: installs and builds what is missing, and costs a fraction of a second when nothing is.
// Runs before every other command, so it may use nothing but Node itself.
//
//   node scripts/ready.mjs start   what running the service needs
//   node scripts/ready.mjs         everything: the tests, the gates and the benchmarks too
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  fail(`Expected Node.js to be 20.19 or newer, got ${process.versions.node}.`);
}

const everything = process.argv[2] !== 'start';

// npm records what it installed, but not what it was asked for: a digest of the lock file beside the packages tells
// whether the two still belong together.
const lock = createHash('sha256').update(readFileSync('package-lock.json')).digest('hex');
const INSTALLED = 'node_modules/.portal-installed';
if (!isDone(INSTALLED, lock)) {
  say(`Installing packages for ${everything ? 'tests and service' : 'the service'}, once …`);
  run('npm', ['ci', ...(everything ? [] : ['--omit=dev']), '--no-audit', '--no-fund', '--loglevel=error']);
  done(INSTALLED, lock);
}

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
if (!hasOutputs || !isDone(BUILT, lock) || writtenMs(BUILT) < Math.max(...newestMs)) {
  say('Building …');
  // The compiler's notes lie in node_modules, which may have been copied without what they are about.
  const force = hasOutputs ? [] : ['--force'];
  run('node_modules/.bin/tsc', ['-b', ...force, ...(everything ? [] : ['packages/server'])]);
  run(process.execPath, ['scripts/page.mjs']);
  done(BUILT, lock);
}

/** True when the step was done for this `state`, and as far as is needed now. */
function isDone(marker, state) {
  if (!existsSync(marker)) return false;
  const [markedState, extent] = readFileSync(marker, 'utf8').split(' ');
  return markedState === state && (extent === 'everything' || !everything);
}

function done(marker, state) {
  writeFileSync(marker, `${state} ${everything ? 'everything' : 'start'}`);
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
