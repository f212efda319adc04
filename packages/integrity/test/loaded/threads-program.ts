/** Looks into memory while threads come and go, for as many seconds as it is told; prints how many threads it then has. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { createMemoryReader } from '../../src/loaded/loaded.js';

const early = new Worker('setInterval(() => {}, 1000)', { eval: true });
await once(early, 'online');
const reader = createMemoryReader({ follows: false });
const untilMs = performance.now() + Number(process.argv[2]) * 1_000;
let looks = 0;
while (performance.now() < untilMs) {
  const started = Array.from({ length: 6 }, () => new Worker('', { eval: true }));
  const ended = Promise.all(started.map((worker) => once(worker, 'exit')));
  for (let look = 0; look < 20; look += 1) {
    await reader.look();
    looks += 1;
    await sleep(1);
  }
  await ended;
}
const calm = await reader.look();
const late = new Worker('setInterval(() => {}, 1000)', { eval: true });
await once(late, 'online');
const more = await reader.look();
console.log(JSON.stringify({ looks: looks > 20, calm: calm?.workers, more: more?.workers }));
process.exit(0);
