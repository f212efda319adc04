// Runs the built tests with Node's own runner. The list of files is explicit, because `node --test` with an empty
// one passes.
//
//   node scripts/test.mjs            all but those from outside
//   node scripts/test.mjs outside    the packed library, the binaries, the embedded servers, the examples, big trees, Prometheus
//   node scripts/test.mjs sessions   all, wherever they are, whose path contains "sessions"
//
// With `--gates` the gates run beside the tests, and have to pass as well.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism, constants, setPriority } from 'node:os';
import { text } from 'node:stream/consumers';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

const GATES = '--gates';
const asked = process.argv.slice(2).find((argument) => argument !== GATES) ?? '';
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
  if (asked === '') return !isOutside;
  return asked === 'outside' ? isOutside : file.includes(asked);
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
  process.stderr.write(`No test file matches "${asked}" below ${rooms.join(', ')}.\n`);
  process.exit(1);
}

/** A file that takes longer hangs: the longest takes a quarter of it. It is ended, with every server it has started. */
const LIMIT_MS = 600_000;

const gates = process.argv.includes(GATES) ? runGates() : undefined;

// Much of a test of broken servers is waiting, so there may be one more at once than there are processors.
const counts = { pass: 0, fail: 0, cancelled: 0, skipped: 0, todo: 0 };
const stream = run({ files, concurrency: availableParallelism() + 1, timeout: LIMIT_MS });
stream.on('test:diagnostic', ({ message, nesting }) => {
  const [what, count] = message.split(' ');
  if (nesting === 0 && what in counts) counts[what] = Number(count);
});
stream.compose(new spec()).pipe(process.stdout);
await once(stream, 'end');
const verdict = await gates;
// A skipped test is a promise not kept, so it counts as failed, and a run of nothing is no success.
const failed = counts.fail + counts.cancelled + counts.skipped + counts.todo;
process.exitCode = failed === 0 && counts.pass > 0 && verdict?.passed !== false ? 0 : 1;
process.once('exit', () => {
  process.stdout.write(`\n${verdict?.output ?? ''}${counts.pass} passed, ${failed} failed\n`);
});

/** In what time the tests leave: they wait for much of theirs. What the gates say is shown at the end, where it is seen. */
async function runGates() {
  const child = spawn(process.execPath, ['scripts/check.mjs'], { stdio: ['ignore', 'pipe', 'inherit'] });
  setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL);
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  return { output, passed: code === 0 };
}
