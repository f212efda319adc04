/**
 * From reports to samples, which wait in memory until the file takes them.
 */
import type { HealthSnapshot, Report } from 'portal-health';
import { SAMPLE_MS } from './history-limits.js';
import { SERIES, STATUSES, type SeriesName, type StoredSample } from './series.js';

export interface SampleBuffer {
  readonly sample: (report: Report, snapshot: HealthSnapshot) => void;
  /** Writes what waits. Never rejects: what cannot be written waits for the next call. */
  flush(): Promise<void>;
}

interface CommandCount {
  readonly commands: number;
  readonly atMs: number;
}

/** Of samples that wait while the disk takes nothing. */
const MAX_SAMPLES = 1_000;

/** @param write - rejects if the file does not take them */
export function createSampleBuffer(write: (samples: readonly StoredSample[]) => Promise<void>): SampleBuffer {
  const commandRate = createCommandRate();
  let samples: StoredSample[] = [];
  let last: StoredSample | undefined;
  let isFlushing = false;

  return {
    sample(report, snapshot) {
      const sample = sampleOf(report, snapshot, commandRate(snapshot));
      // A clock that was set back must not silence it.
      const isEarly = last && sample.at >= last.at && sample.at - last.at < SAMPLE_MS;
      if (isEarly && last?.status === sample.status) return;
      last = sample;
      samples.push(sample);
      if (samples.length > MAX_SAMPLES) samples.shift();
    },
    async flush() {
      if (isFlushing || samples.length === 0) return;
      isFlushing = true;
      const taken = samples;
      samples = [];
      try {
        await write(taken);
      } catch {
        samples = [...taken, ...samples].slice(-MAX_SAMPLES);
      }
      isFlushing = false;
    },
  };
}

function sampleOf(report: Report, snapshot: HealthSnapshot, commandsPerSecond: number | null): StoredSample {
  const { db_statistics: pool, cache_statistics: cache } = report;
  const values: Readonly<Record<SeriesName, number | null>> = {
    database_latency_ms: pool.latency_ms,
    cache_latency_ms: cache.latency_ms,
    pool_checked_in: pool.checked_in,
    pool_checked_out: pool.checked_out,
    pool_waiting: snapshot.poolWaiting,
    cache_hit_rate: cache.hit_rate,
    cache_memory_usage_bytes: cache.memory_usage_bytes,
    cache_connected_clients: cache.connected_clients,
    cache_commands_per_second: commandsPerSecond,
  };
  return {
    at: Date.now(),
    status: STATUSES.indexOf(report.status),
    values: SERIES.map((name) => values[name]),
  };
}

/** Commands a second between the last two runs of the cache's probe. Redis only gives their number since its start. */
function createCommandRate(): (snapshot: HealthSnapshot) => number | null {
  let last: CommandCount | undefined;
  let perSecond: number | null = null;
  return ({ cacheStatistics, components }) => {
    const { total_commands_processed: commands } = cacheStatistics;
    const atMs = components.find(({ name }) => name === 'cache')?.checkedAt?.getTime();
    if (commands === null || atMs === undefined) {
      last = undefined;
      perSecond = null;
      return null;
    }
    if (last?.atMs === atMs) return perSecond;
    // A restarted server counts from 0, and a clock that was set back measures no time.
    const isMeasured = last && commands >= last.commands && atMs > last.atMs;
    perSecond =
      last && isMeasured ? Math.round(((commands - last.commands) * 10_000) / (atMs - last.atMs)) / 10 : null;
    last = { commands, atMs };
    return perSecond;
  };
}
