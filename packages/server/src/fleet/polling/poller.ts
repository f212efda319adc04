/**
 * Polls instances on a grid: each has a place of its own within the interval, so that 10,000 are asked evenly and never
 * at once. Those that did not respond last time wait in a queue of their own, and delay no others.
 */
import { createHash } from 'node:crypto';
import type { InstanceExplanation, Poll } from '../observation.js';
import type { InstanceClient } from './instance-client.js';

export interface PollTarget {
  readonly key: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly client: InstanceClient;
}

export interface Poller {
  /** Replaces the targets. One with a known key goes on with the client that it has; the others' are closed. */
  setTargets(targets: ReadonlyMap<string, () => PollTarget>): void;
  close(): void;
}

export interface PollerOptions {
  readonly onPoll: (poll: Poll) => void;
  /** Why an instance is unwell: asked after each of its polls, of so many at once. */
  readonly onExplained?: (explained: InstanceExplanation) => void;
  /** The event loop stood still for longer than an interval: what was known is out of date. */
  readonly onPause?: () => void;
  /** Polls under way at once, of instances that responded last time. */
  readonly mostInFlight?: number;
  /** Of those that did not. */
  readonly mostSilent?: number;
}

interface Entry {
  readonly target: PollTarget;
  dueMs: number;
  isUnderWay: boolean;
  isWaiting: boolean;
  isSilent: boolean;
  /** No longer a target: its client is closed, and what it still finds is told to nobody. */
  isDropped: boolean;
}

/** Fine enough for the least interval. */
const TICK_MS = 50;
/** Longer than any poll takes. */
const REMEMBERED_MS = 10 * 60_000;
/** More reasons say nothing more: of so many that are unwell at once, one has the cause of all. */
const MOST_EXPLAINED = 100;

/** What makes the next poll wait behind those that answer. */
const SILENT: ReadonlySet<string> = new Set(['INSTANCE_TIMEOUT', 'INSTANCE_REFUSED']);

export function createPoller({
  onPoll,
  onExplained,
  onPause,
  mostInFlight = 2_048,
  mostSilent = 512,
}: PollerOptions): Poller {
  const entries = new Map<string, Entry>();
  /** Whose reasons are asked for. */
  const unwell = new Set<Entry>();
  const lanes = { prompt: createLane(mostInFlight), silent: createLane(mostSilent) };
  const pauses = createPauseWatch();
  let leastIntervalMs = Number.POSITIVE_INFINITY;
  const calendar = createCalendar();
  const timer = setInterval(tick, TICK_MS).unref();

  function tick(): void {
    const nowMs = performance.now();
    if (pauses.tick(nowMs) > leastIntervalMs) onPause?.();
    for (const entry of calendar.takeDue(nowMs)) {
      if (!entry.isDropped) begin(entry, nowMs);
    }
  }

  function begin(entry: Entry, nowMs: number): void {
    const { target } = entry;
    entry.dueMs += Math.ceil((nowMs - entry.dueMs + 1) / target.intervalMs) * target.intervalMs;
    calendar.add(entry);
    // Nothing backs off, and nothing piles up.
    if (entry.isUnderWay || entry.isWaiting) return;
    entry.isWaiting = true;
    lanes[entry.isSilent ? 'silent' : 'prompt'].run(() => poll(entry));
  }

  async function poll(entry: Entry): Promise<void> {
    const { target } = entry;
    entry.isWaiting = false;
    if (entry.isDropped) return;
    entry.isUnderWay = true;
    const atMs = Date.now();
    const beganMs = performance.now();
    const observation = await target.client.poll();
    entry.isUnderWay = false;
    if (entry.isDropped) return;
    const failed = observation.kind === 'failed';
    entry.isSilent = failed && SILENT.has(observation.code);
    // A failure that our own pause may have made is none. An answer is one that comes late, but not one from before the pause.
    const isVoid = pauses.longestMs(beganMs) > (failed ? target.timeoutMs / 2 : target.intervalMs);
    onPoll({
      key: target.key,
      atMs,
      durationMs: performance.now() - beganMs,
      observation: isVoid ? { kind: 'void' } : observation,
    });
    const isUnwell = observation.kind === 'answered' && observation.reading.health !== 'healthy';
    // Within the time of the poll: it never meets the next one.
    if (isUnwell) await explain(entry, beganMs + target.timeoutMs);
    else if (unwell.size > 0) unwell.delete(entry);
  }

  async function explain(entry: Entry, deadlineMs: number): Promise<void> {
    if (unwell.size < MOST_EXPLAINED) unwell.add(entry);
    if (!onExplained || !unwell.has(entry)) return;
    const { key, client } = entry.target;
    const reasons = await client.reasons(deadlineMs);
    if (!entry.isDropped) onExplained({ key, reasons });
  }

  function drop(entry: Entry): void {
    entry.isDropped = true;
    unwell.delete(entry);
    entry.target.client.close();
  }

  return {
    setTargets(targets) {
      for (const [key, entry] of entries) {
        if (targets.has(key)) continue;
        entries.delete(key);
        drop(entry);
      }
      const nowMs = performance.now();
      for (const [key, create] of targets) {
        if (entries.has(key)) continue;
        const target = create();
        const dueMs = nowMs + placeOf(key) * target.intervalMs;
        const entry = newEntry(target, dueMs);
        entries.set(key, entry);
        calendar.add(entry);
      }
      leastIntervalMs = Math.min(...Array.from(entries.values(), ({ target }) => target.intervalMs));
    },
    close() {
      clearInterval(timer);
      for (const entry of entries.values()) drop(entry);
      entries.clear();
      calendar.clear();
    },
  };
}

function newEntry(target: PollTarget, dueMs: number): Entry {
  return { target, dueMs, isUnderWay: false, isWaiting: false, isSilent: false, isDropped: false };
}

interface PauseWatch {
  /** To be called every `TICK_MS`. @returns milliseconds by which the event loop is late; 0: it is in time */
  tick(nowMs: number): number;
  /** Milliseconds by which the event loop was late at most since `beganMs`, or is by now. */
  longestMs(beganMs: number): number;
}

function createPauseWatch(): PauseWatch {
  let tickedMs = performance.now();
  /** When the event loop was late, and by how much: those after which there was no longer one, so each is shorter than that before it. */
  let pauses: readonly { readonly untilMs: number; readonly ms: number }[] = [];

  return {
    tick(nowMs) {
      const lateMs = nowMs - tickedMs - TICK_MS;
      tickedMs = nowMs;
      if (lateMs <= TICK_MS) return 0;
      const known = pauses.filter(({ untilMs, ms }) => ms > lateMs && nowMs - untilMs < REMEMBERED_MS);
      pauses = [...known, { untilMs: nowMs, ms: lateMs }];
      return lateMs;
    },
    longestMs(beganMs) {
      const longest = pauses.find(({ untilMs }) => untilMs >= beganMs);
      return Math.max(performance.now() - tickedMs - TICK_MS, longest?.ms ?? 0);
    },
  };
}

/** Who is polled when; whoever left meanwhile is given all the same. */
interface Calendar {
  add(entry: Entry): void;
  takeDue(nowMs: number): readonly Entry[];
  clear(): void;
}

function createCalendar(): Calendar {
  /** By the number of the tick at which they are due. */
  const ticks = new Map<number, Entry[]>();
  const tickOf = (dueMs: number): number => Math.ceil(dueMs / TICK_MS);
  let next = tickOf(performance.now());

  return {
    add(entry) {
      const tick = Math.max(tickOf(entry.dueMs), next);
      const others = ticks.get(tick);
      if (others) others.push(entry);
      else ticks.set(tick, [entry]);
    },
    takeDue(nowMs) {
      const taken: Entry[] = [];
      for (; next * TICK_MS <= nowMs; next += 1) {
        taken.push(...(ticks.get(next) ?? []));
        ticks.delete(next);
      }
      return taken;
    },
    clear: () => ticks.clear(),
  };
}

/** From 0 to 1, the same after every start. */
function placeOf(key: string): number {
  return createHash('sha256').update(key).digest().readUInt32BE() / 2 ** 32;
}

interface Lane {
  run(task: () => Promise<void>): void;
}

function createLane(most: number): Lane {
  const waiting: (() => Promise<void>)[] = [];
  let running = 0;

  async function start(task: () => Promise<void>): Promise<void> {
    running += 1;
    await task();
    running -= 1;
    const next = waiting.shift();
    if (next) void start(next);
  }

  return {
    run(task) {
      if (running < most) void start(task);
      else waiting.push(task);
    },
  };
}
