// Runs the built tests with Node's own runner. The list of files is explicit, because `node --test` with an empty
// one passes.
//
//   npm test                         all but those from outside, and the gates beside them
//   npm test -- sessions verdict     those whose path contains "sessions" or "verdict", wherever they are, without gates
//   npm test -- sessions -t "idle"   of those the cases whose name matches the pattern
//   npm test -- outside              the packed libraries, the binaries, the embedded servers, the examples, big trees, Prometheus
//   npm run test:watch -- sessions   compiles, and runs these again, whenever a file is saved
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism, constants, setPriority } from 'node:os';
import { relative } from 'node:path';
import { text } from 'node:stream/consumers';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { parseArgs } from 'node:util';

const { values: options, positionals: names } = readArguments();
const pattern = options['test-name-pattern'];
const LEFT_OUT = 'test name does not match pattern';
const rooms = [
  'packages/health/dist/test',
  'packages/integrity/dist/test',
  'packages/dev-servers/dist/test',
  'packages/server/dist/test',
  'packages/page/dist/test',
  'test-kit/dist/test',
  'e2e/dist/test',
];
/** What takes long, runs as a program of its own again and again, or needs more than Node, npm and the two servers. */
const OUTSIDE = [
  'e2e/',
  'packages/dev-servers/test/',
  'packages/health/test/cli/',
  'packages/integrity/test/cli/',
  'packages/server/test/cli/',
  'packages/server/test/operations/',
];

function isAsked(file) {
  const isOutside = OUTSIDE.some((room) => file.startsWith(room));
  if (names.length === 0) return !isOutside;
  return names.some((name) => (name === 'outside' ? isOutside : file.includes(name)));
}

/** The page's `dist/test` has both, its sources and their tests, because the rest of its `dist` is what is served. */
function sourceOf(file) {
  return file.replace('/dist/test/test/', '/test/').replace('/dist/', '/');
}

const files = rooms
  .filter((room) => existsSync(room))
  .flatMap((room) =>
    readdirSync(room, { recursive: true, encoding: 'utf8' }).map((name) => `${room}/${name}`),
  )
  .filter((file) => file.endsWith('.test.js') && isAsked(sourceOf(file)))
  // The compiler leaves behind what it made of files that are gone.
  .filter((file) => existsSync(sourceOf(file).replace(/js$/, 'ts')))
  .toSorted();

if (files.length === 0) {
  fail(`No test file matches ${names.map((name) => `"${name}"`).join(' or ')} below ${rooms.join(', ')}.`);
}

/** A file that takes longer hangs: the longest takes half of it. It is ended, with every server it has started. */
const LIMIT_MS = 900_000;

if (options.watch) await watch();

const gates = options.gates && names.length === 0 && pattern === undefined ? runGates() : undefined;

// Much of a test of broken servers is waiting, so there may be one more at once than there are processors.
const first = await runFiles(files, availableParallelism() + 1);
const verdict = await gates;
/**
 * A whole run keeps this machine so busy that a server may be late to a deadline. So what failed there runs once more, alone;
 * what passes then is named in the last lines, because it is still a fault, of the test or of the product. More files
 * than this fail for a reason.
 */
const SECOND_CHANCES = 3;
const isWhole = pattern === undefined && (names.length === 0 || names.includes('outside'));
const again =
  isWhole && first.failedFiles.length > 0 && first.failedFiles.length <= SECOND_CHANCES
    ? await runFiles(first.failedFiles, 1)
    : undefined;
const { failed } = again ?? first;
process.exitCode = failed === 0 && first.passed > 0 && verdict?.passed !== false ? 0 : 1;
process.once('exit', () => {
  const unsteady =
    again === undefined
      ? ''
      : `Failed beside others: ${first.failedFiles.map((file) => sourceOf(file).replace(/js$/, 'ts')).join(', ')}. ` +
        `Alone: ${again.passed} passed, ${again.failed} failed. Whatever passes only alone is to be mended.\n`;
  process.stdout.write(
    `\n${verdict?.output ?? ''}${unsteady}${first.passed} passed, ${first.failed} failed` +
      `${again === undefined ? '' : ` (${again.failed} of them also alone)`}\n`,
  );
});

/** Runs test files and prints what comes of them. A skipped test is a promise not kept, so it counts as failed. */
async function runFiles(asked, concurrency) {
  const counts = { pass: 0, fail: 0, cancelled: 0, skipped: 0, todo: 0 };
  const broken = new Set();
  // A case that the pattern leaves out is neither shown nor skipped. Later versions of Node do not speak of it.
  let leftOut = 0;
  const stream = run({
    files: asked,
    concurrency,
    timeout: LIMIT_MS,
    ...(pattern !== undefined && { testNamePatterns: [pattern] }),
  });
  stream.on('test:diagnostic', ({ message, nesting }) => {
    const [what, count] = message.split(' ');
    if (nesting === 0 && what in counts) counts[what] = Number(count);
  });
  stream.on('test:fail', ({ file }) => broken.add(sourceOf(relative('', file)).replace(/ts$/, 'js')));
  async function* withoutLeftOut(events) {
    let started = [];
    for await (const event of events) {
      if (event.type === 'test:start') {
        started.push(event);
      } else if (event.data.skip === LEFT_OUT) {
        leftOut += 1;
        started.pop();
      } else {
        yield* started;
        started = [];
        yield event;
      }
    }
  }
  stream.compose(withoutLeftOut).compose(new spec()).pipe(process.stdout);
  await once(stream, 'end');
  return {
    passed: counts.pass,
    failed: counts.fail + counts.cancelled + Math.max(0, counts.skipped - leftOut) + counts.todo,
    failedFiles: asked.filter((file) => broken.has(sourceOf(file))),
  };
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        gates: { type: 'boolean' },
        watch: { type: 'boolean' },
        'test-name-pattern': { type: 'string', short: 't' },
      },
    });
  } catch (error) {
    return fail(error.message);
  }
}

/** In what time the tests leave: they wait for much of theirs. What the gates say is shown at the end, where it is seen. */
async function runGates() {
  const child = spawn(process.execPath, ['scripts/check.mjs'], { stdio: ['ignore', 'pipe', 'inherit'] });
  setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL);
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  return { output, passed: code === 0 };
}

/** Until it is stopped: the compiler writes what is saved, and the runner runs what reads what was written. */
async function watch() {
  if (names.length === 0)
    fail('Expected the names of what to watch, as in `npm run test:watch -- sessions`.');
  const compiler = spawn('node_modules/.bin/tsc', ['-b', '-w', '--preserveWatchOutput'], {
    stdio: 'inherit',
  });
  const patterns = pattern === undefined ? [] : [`--test-name-pattern=${pattern}`];
  const args = ['--enable-source-maps', '--test', '--watch', '--test-reporter=spec', ...patterns, ...files];
  const runner = spawn(process.execPath, args, { stdio: 'inherit' });
  const stopped = ['SIGINT', 'SIGTERM'].map((signal) => once(process, signal));
  await Promise.race([once(compiler, 'exit'), once(runner, 'exit'), ...stopped]);
  compiler.kill();
  runner.kill();
  process.exit(1);
}

function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}
