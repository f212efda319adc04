/** A day that never was, in the file of the history: well, but for half an hour without a cache, a gap and two outages. */
import Database from 'libsql';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const MINUTE_MS = 60_000;
const MINUTES = 24 * 60;

/** Begin of what went wrong, in minutes before the last that is seeded. */
const SEEDED = { degraded: [600, 570], gap: [300, 240] } as const;
/** Seconds before it, and for how long: 1 min 57 s together, in none of which a minute begins and ends. */
const OUTAGES = [
  { agoSeconds: 190, seconds: 77 },
  { agoSeconds: 80, seconds: 40 },
] as const;

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
  const insertLatencies = database.prepare('INSERT OR REPLACE INTO minute_latencies VALUES (?, ?, ?)');
  const begin = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS - 5 * MINUTE_MS;
  database.transaction(() => {
    for (let ago = MINUTES; ago > 0; ago -= 1) {
      if (isWithin(ago, SEEDED.gap)) continue;
      const isDegraded = isWithin(ago, SEEDED.degraded);
      const row = figures.map((name) => {
        if (name === 'at') return begin - ago * MINUTE_MS;
        if (name === 'status') return isOut(ago) ? 2 : isDegraded ? 1 : 0;
        return valueOf(name, ago, isDegraded);
      });
      insert.run(...row);
      for (const [series, name] of ['database_latency_ms', 'cache_latency_ms'].entries()) {
        const [mean, most] = ['mean', 'maximum'].map((end) => valueOf(`${name}_${end}`, ago, isDegraded));
        if (typeof mean !== 'number' || typeof most !== 'number') continue;
        insertLatencies.run(begin - ago * MINUTE_MS, series, `${bucketOf(mean)}:28,${bucketOf(most)}:2`);
      }
    }
    const insertEvent = database.prepare(
      `INSERT INTO events (kind, began_at, ended_at, was, became, codes, details) VALUES ('status', ?, ?, ?, ?, ?, '{}')`,
    );
    let was: string | null = null;
    for (const { status, from, to, codes } of stretches()) {
      insertEvent.run(begin - from * 1_000, begin - to * 1_000, was, status, JSON.stringify(codes));
      was = to === SEEDED.gap[0] * 60 ? null : status;
    }
  })();
  database.close();
}

/** As the service counts latencies: each bucket ends a tenth above the one before it. */
function bucketOf(ms: number): number {
  return Math.ceil(Math.log(ms) / Math.log(1.1));
}

/** The day as the service reports it, in seconds before its end. */
function stretches() {
  const [degradedFrom, degradedTo] = SEEDED.degraded.map((minutes) => minutes * 60);
  const [gapFrom, gapTo] = SEEDED.gap.map((minutes) => minutes * 60);
  const bad = [
    { status: 'degraded', from: degradedFrom ?? 0, to: degradedTo ?? 0, codes: ['CACHE_TIMEOUT'] },
    { status: null, from: gapFrom ?? 0, to: gapTo ?? 0, codes: [] },
    ...OUTAGES.map(({ agoSeconds, seconds }) => ({
      status: 'unhealthy',
      from: agoSeconds,
      to: agoSeconds - seconds,
      codes: ['DATABASE_TIMEOUT'],
    })),
  ];
  let from = MINUTES * 60;
  const all = bad.flatMap((one) => {
    const well = { status: 'healthy', from, to: one.from, codes: [] as string[] };
    from = one.to;
    return [well, one];
  });
  return [...all, { status: 'healthy', from, to: 0, codes: [] as string[] }].filter(
    (one): one is typeof one & { readonly status: string } => one.status !== null,
  );
}

function isOut(agoMinutes: number): boolean {
  return OUTAGES.some(
    ({ agoSeconds, seconds }) => agoMinutes * 60 > agoSeconds - seconds && (agoMinutes - 1) * 60 < agoSeconds,
  );
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
