// Runs the built tests with Node's own runner. The list of files is explicit, because `node --test` with an empty
// one passes. `node scripts/test.mjs sessions` runs the files whose path contains "sessions".
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';

const rooms = ['packages/health/dist/test', 'packages/server/dist/test', 'test-kit/dist/test'];
const filter = process.argv[2] ?? '';
const files = rooms
  .filter((room) => existsSync(room))
  .flatMap((room) => readdirSync(room, { recursive: true }).map((name) => `${room}/${name}`))
  .filter((file) => file.endsWith('.test.js') && file.includes(filter))
  .toSorted();

if (files.length === 0) {
  process.stderr.write(`No test file matches "${filter}" below ${rooms.join(', ')}.\n`);
  process.exit(1);
}

// Every file has servers of its own to start: more at once than there are processors only makes them slow.
const args = ['--test', '--enable-source-maps', '--test-concurrency=2', '--test-reporter=spec'];
const { status } = spawnSync(process.execPath, [...args, ...files], { stdio: 'inherit' });
process.exit(status ?? 1);
