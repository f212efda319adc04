// Runs the built tests with Node's own runner. The list of files is explicit, because `node --test` with an empty
// one passes. `node scripts/test.mjs sessions` runs the files whose path contains "sessions".
import { existsSync, readdirSync } from 'node:fs';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

const rooms = ['packages/health/dist/test', 'packages/server/dist/test', 'test-kit/dist/test'];
const filter = process.argv[2] ?? '';
const files = rooms
  .filter((room) => existsSync(room))
  .flatMap((room) =>
    readdirSync(room, { recursive: true, encoding: 'utf8' }).map((name) => `${room}/${name}`),
  )
  .filter((file) => file.endsWith('.test.js') && file.includes(filter))
  // The compiler leaves behind what it made of files that are gone.
  .filter((file) => existsSync(file.replace('/dist/', '/').replace(/js$/, 'ts')))
  .toSorted();

if (files.length === 0) {
  process.stderr.write(`No test file matches "${filter}" below ${rooms.join(', ')}.\n`);
  process.exit(1);
}

// Every file has servers of its own to start: more at once than there are processors only makes them slow.
const counts = { pass: 0, fail: 0, cancelled: 0, skipped: 0, todo: 0 };
const stream = run({ files, concurrency: 2 });
stream.on('test:diagnostic', ({ message, nesting }) => {
  const [what, count] = message.split(' ');
  if (nesting === 0 && what in counts) counts[what] = Number(count);
});
stream.compose(new spec()).pipe(process.stdout);
stream.once('end', () => {
  // A skipped test is a promise not kept, so it counts as failed, and a run of nothing is no success.
  const failed = counts.fail + counts.cancelled + counts.skipped + counts.todo;
  process.exitCode = failed === 0 && counts.pass > 0 ? 0 : 1;
  process.once('exit', () => {
    process.stdout.write(`\n${counts.pass} passed, ${failed} failed\n`);
  });
});
