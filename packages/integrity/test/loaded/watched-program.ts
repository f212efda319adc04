/**
 * A program that loads files and watches its source, memory included: `node watched-program.js ROOT INTERVAL_MS FILE…`.
 * Its parent sends what to do, and gets a document for each: `look` waits for the next look into memory.
 */
import { followScripts } from '../../src/follow.js';
import { watchSource } from '../../src/source.js';

const [root = '.', intervalMs = '300', ...files] = process.argv.slice(2);

const follow = process.env['FOLLOW_MEMORY'];
const followMemory = follow === 'early' ? followScripts() : follow === 'yes';
for (const file of files) await import(file);
const events: unknown[] = [];
const source = watchSource({
  root,
  exclude: ['node_modules', 'd/node_modules'],
  // A busy machine must not make a scan look stale: memory is what this is about.
  scanIntervalMs: 10_000,
  memoryIntervalMs: Number(intervalMs),
  followMemory,
  onEvent: (event) => void events.push(event),
});

async function perform(message: { readonly load?: string; readonly run?: string }): Promise<void> {
  if (message.load !== undefined) await import(message.load);
  if (message.run !== undefined) {
    // oxlint-disable-next-line no-eval -- as a live edit through the inspector would be
    await (0, eval)(message.run);
  }
  process.send?.({
    state: source.state(),
    problems: source.problems(),
    events,
    inspection: await source.inspect(),
  });
}

await source.start();
process.on('message', (message: { readonly load?: string; readonly run?: string }) => void perform(message));
process.on('disconnect', () => process.exit());
await perform({});
