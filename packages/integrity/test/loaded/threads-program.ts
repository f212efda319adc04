/** Looks into memory while threads come and go, for as many seconds as it is told; prints how many threads it then has. */
import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { createMemoryReader } from '../../src/loaded/loaded.js';

const early = new Worker('setInterval(() => {}, 1000)', { eval: true });
await once(early, 'online');
const reader = createMemoryReader({ follows: false });
const running = new Set<Worker>();
const untilMs = performance.now() + Number(process.argv[2]) * 1_000;
let looks = 0;
while (performance.now() < untilMs) {
  while (running.size < 30) {
    const worker = new Worker('', { eval: true });
    running.add(worker);
    worker.once('exit', () => running.delete(worker));
  }
  reader.look();
  looks += 1;
  await turn();
}
await Promise.all([...running].map((worker) => once(worker, 'exit')));
const calm = reader.look();
const late = new Worker('setInterval(() => {}, 1000)', { eval: true });
await once(late, 'online');
const more = reader.look();
process.stdout.write(JSON.stringify({ looks: looks > 20, calm: calm?.workers, more: more?.workers }), () =>
  process.exit(0),
);
