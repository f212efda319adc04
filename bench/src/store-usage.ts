/** What the stores have done so far, by their own counters and the kernel's: processor time, logins, commands, log lines. */
import { readdirSync, readFileSync } from 'node:fs';
import type { PostgresServer, RedisServer } from 'portal-test-kit';

/** Sums since the servers were started. */
export interface StoreUsage {
  /** Of all processes of Postgres, including those that have ended; in steps of the kernel's 10 ms. */
  readonly postgresCpuMs: number;
  readonly logins: number;
  readonly logLines: number;
  readonly redisCpuMs: number;
  readonly commands: number;
}

const TICK_MS = 10;

export async function readStoreUsage(postgres: PostgresServer, redis: RedisServer): Promise<StoreUsage> {
  const log = await postgres.readLog();
  const stats = String(await redis.command('INFO', 'everything'));
  let commands = 0;
  for (const [, calls] of await redis.calls()) commands += calls;
  return {
    postgresCpuMs: cpuMsOf(postgres.pid),
    // What `log_connections` writes for each login.
    logins: log.match(/connection authorized/g)?.length ?? 0,
    logLines: log.split('\n').length - 1,
    redisCpuMs: (figure(stats, 'used_cpu_sys') + figure(stats, 'used_cpu_user')) * 1_000,
    commands,
  };
}

function figure(info: string, name: string): number {
  return Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1] ?? Number.NaN);
}

/** Processor time of a process, of the children it has waited for, and of those that still run. */
function cpuMsOf(pid: number): number {
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ticksOf(Number(name)))
    .filter((ticks) => ticks?.parent === pid);
  const own = ticksOf(pid);
  const ticks =
    (own?.used ?? 0) + (own?.usedByEnded ?? 0) + children.reduce((sum, child) => sum + (child?.used ?? 0), 0);
  return ticks * TICK_MS;
}

/** From `/proc/PID/stat`; `undefined` when the process has just ended. */
function ticksOf(pid: number): { parent: number; used: number; usedByEnded: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // After the name, which may hold anything: state, parent, …, utime, stime, cutime, cstime.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const at = (index: number): number => Number(fields[index]);
    return { parent: at(1), used: at(11) + at(12), usedByEnded: at(13) + at(14) };
  } catch {
    return undefined;
  }
}
