/** Ninety days that never were, in the file of the fleet: well, but for twelve minutes on some days. */
import Database from 'libsql';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const DAYS = 95;
const OUTAGE_MS = 12 * MINUTE_MS;
const [HEALTHY, UNHEALTHY] = [0, 2];

const THIS = fileURLToPath(import.meta.url);

/**
 * Fills the file that the service has made and left, in a process of its own: only its end lets go of every lock.
 *
 * @param outages - by service, how many days ago it had one
 */
export async function seedStretches(
  dataDir: string,
  outages: Readonly<Record<string, readonly number[]>>,
): Promise<void> {
  await promisify(execFile)(process.execPath, [THIS, dataDir, JSON.stringify(outages)]);
}

function fill(dataDir: string, outages: Readonly<Record<string, readonly number[]>>, nowMs: number): void {
  const database = new Database(join(dataDir, 'fleet.sqlite'));
  const insert = database.prepare('INSERT INTO stretches VALUES (?, ?, ?, ?)');
  database.transaction(() => {
    for (const [service, days] of Object.entries(outages)) {
      let fromMs = nowMs - DAYS * DAY_MS;
      for (const ago of days.toSorted((one, other) => other - one)) {
        // At noon, so that it is of one day.
        const begin = Math.floor(nowMs / DAY_MS - ago) * DAY_MS + DAY_MS / 2;
        insert.run(service, fromMs, begin, HEALTHY);
        insert.run(service, begin, begin + OUTAGE_MS, UNHEALTHY);
        fromMs = begin + OUTAGE_MS;
      }
      insert.run(service, fromMs, nowMs, HEALTHY);
    }
  })();
  database.close();
}

if (process.argv[1] === THIS) {
  const [, , dataDir = '', outages = '{}'] = process.argv;
  fill(dataDir, JSON.parse(outages) as Readonly<Record<string, readonly number[]>>, Date.now());
}
