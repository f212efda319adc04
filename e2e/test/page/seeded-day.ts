/** A day that never was, in the file of the history: well, but for half an hour without a cache and a gap. */
import Database from 'libsql';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const MINUTE_MS = 60_000;
const MINUTES = 24 * 60;

/** Begin of what went wrong, in minutes before now. */
const SEEDED = { degraded: [600, 570], gap: [300, 240] } as const;

const THIS = fileURLToPath(import.meta.url);

/** Fills the file that the service has made and left, in a process of its own: only its end lets go of every lock. */
export async function seedDay(dataDir: string): Promise<void> {
  await promisify(execFile)(process.execPath, [THIS, dataDir]);
}

function fill(dataDir: string, nowMs: number): void {
  const database = new Database(join(dataDir, 'history.sqlite'));
  const figures = database
    .prepare('SELECT * FROM minutes')
    .columns()
    .map(({ name }) => name);
  const insert = database.prepare(
    `INSERT OR REPLACE INTO minutes VALUES (${figures.map(() => '?').join(', ')})`,
  );
  const begin = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS - 5 * MINUTE_MS;
  database.transaction(() => {
    for (let ago = MINUTES; ago > 0; ago -= 1) {
      if (isWithin(ago, SEEDED.gap)) continue;
      const isDegraded = isWithin(ago, SEEDED.degraded);
      const row = figures.map((name) => {
        if (name === 'at') return begin - ago * MINUTE_MS;
        if (name === 'status') return isDegraded ? 1 : 0;
        return valueOf(name, ago, isDegraded);
      });
      insert.run(...row);
    }
  })();
  database.close();
}

function isWithin(ago: number, [from, to]: readonly [number, number]): boolean {
  return ago <= from && ago > to;
}

const USUAL: Readonly<Record<string, number>> = {
  database_latency_ms: 1.6,
  cache_latency_ms: 0.5,
  pool_checked_in: 12,
  pool_checked_out: 4,
  pool_waiting: 0,
  cache_hit_rate: 96,
  cache_memory_usage_bytes: 1_800_000,
  cache_connected_clients: 9,
  cache_commands_per_second: 60,
};

function valueOf(column: string, ago: number, isDegraded: boolean): number | null {
  const [, name = '', end = ''] = /^(\w+)_(minimum|mean|maximum|count)$/.exec(column) ?? [];
  if (isDegraded && name.startsWith('cache_')) return end === 'count' ? 0 : null;
  if (end === 'count') return 30;
  const tide = 1 + 0.25 * Math.sin((ago / MINUTES) * 2 * Math.PI) + 0.06 * Math.sin(ago * 1.7);
  const mean = (USUAL[name] ?? 0) * (name === 'cache_hit_rate' ? 1 : tide);
  return { minimum: mean * 0.9, mean, maximum: name === 'cache_hit_rate' ? mean : mean * 1.4 }[end] ?? null;
}

if (process.argv[1] === THIS) fill(process.argv[2] ?? '', Date.now());
