/**
 * A tab that stays open: what it keeps in memory while every second something new arrives. Prints a line a minute; ends with 1
 * where it grows. Takes the minutes as its argument.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { startChromium } from './chromium.js';
import { seeCharts, untilHeadline } from './reader.js';
import { seedDay } from './seeded-day.js';
import { servePage } from './served-page.js';

const MINUTE_MS = 60_000;
/** Until everything has been drawn, fetched and compiled once. */
const WARM_UP_MINUTES = 3;
/** What a collection of garbage leaves varies by less. */
const MOST_GROWTH = 1.05;

const minutes = Number(process.argv[2] ?? 15);

function middleOf(figures: readonly number[]): number {
  return figures.toSorted((one, other) => one - other)[Math.floor(figures.length / 2)] ?? Number.NaN;
}

const browser = await startChromium();
const served = await servePage({ prepare: seedDay, settings: { PORTAL_INTERVAL_MS: '1000' } });
try {
  const page = await browser.context.newPage();
  const session = await browser.context.newCDPSession(page);
  await page.goto(await served.link('ada', 'Owner'));
  await untilHeadline(page, 'Healthy');
  await seeCharts(page);
  const kept: number[] = [];
  for (let minute = 1; minute <= WARM_UP_MINUTES + minutes; minute += 1) {
    await sleep(MINUTE_MS);
    await session.send('HeapProfiler.collectGarbage');
    const { usedSize } = await session.send('Runtime.getHeapUsage');
    const { nodes, jsEventListeners } = await session.send('Memory.getDOMCounters');
    if (minute > WARM_UP_MINUTES) kept.push(usedSize);
    process.stdout.write(
      `minute ${minute}: ${(usedSize / 1e6).toFixed(2)} MB, ${nodes} nodes, ${jsEventListeners} listeners\n`,
    );
  }
  const third = Math.max(1, Math.floor(kept.length / 3));
  const growth = middleOf(kept.slice(-third)) / middleOf(kept.slice(0, third));
  const isFlat = growth <= MOST_GROWTH;
  process.stdout.write(
    `The last third is ${growth.toFixed(3)} of the first: ${isFlat ? 'flat' : `more than ${MOST_GROWTH}`}.\n`,
  );
  process.exitCode = isFlat ? 0 : 1;
} finally {
  await browser.close();
  await served.close();
}
