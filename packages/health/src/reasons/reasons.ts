/**
 * Why something is unwell and who causes it: what all sources have seen, said once it has been seen often enough, with its
 * age. Read from memory.
 */
import type { ProblemCode } from '../problems.js';
import { explain, EXPLAINABLE, REASONS } from './catalogue.js';
import { REASON_CODES, type ReasonCode } from './reason-codes.js';
import type { Figures, Look, ReasonSource, Sighting } from './sighting.js';

/** One reason, for administrators alone. Frozen. */
export interface Reason {
  readonly code: ReasonCode;
  /** The problem that holds now and that it can explain; `null` when it explains none. */
  readonly explains: ProblemCode | null;
  /** What is so, and who causes it, in words that hold no name that cannot be shown. */
  readonly sentence: string;
  /** What to do next, in words. */
  readonly next: string;
  /** When its source has seen it last, and how long ago that is in milliseconds, by a clock that nobody sets. */
  readonly checkedAt: Date;
  readonly ageMs: number;
  /** `null`: hidden or not measured. */
  readonly figures: Figures;
}

export interface ReasonsOptions {
  readonly sources: readonly ReasonSource[];
  /** The problems that hold now: of one component and of the process, or of everything for `null`. */
  readonly problems: (component: string | null) => readonly ProblemCode[];
  /** Monotonic clock in milliseconds, for tests. */
  readonly now?: () => number;
  /** Milliseconds between two readings of the sources; default 1,000. */
  readonly observeMs?: number;
}

export interface Reasons {
  /** All reasons that hold, in the order of the catalogue. Never throws; frozen. */
  read(): readonly Reason[];
  /** Whether to look more often: a problem holds that a reason could explain, or something has been seen only once. */
  isTroubled(): boolean;
  close(): Promise<void>;
}

/** More of one source, or of all, would be a fault of ours, and no reader could follow them. */
const MOST_OF_A_SOURCE = 16;
const MOST = 32;
const OBSERVE_MS = 1_000;
/** What was seen once and never looked at again is no reason to hurry any longer. */
const AWAITED_MS = 60_000;

/** Reads `sources` from now on until `close()`, which closes them too. */
export function createReasons({
  sources,
  problems,
  now = () => performance.now(),
  observeMs = OBSERVE_MS,
}: ReasonsOptions): Reasons {
  const observed = sources.map(createObservation);

  function observe(): void {
    for (const source of observed) source.observe();
  }

  const timer = setInterval(observe, observeMs);
  timer.unref();

  function holding(component: string | null): ReadonlySet<ProblemCode> {
    try {
      return new Set(problems(component));
    } catch {
      return new Set();
    }
  }

  return {
    read() {
      observe();
      const nowMs = now();
      const reasons = observed.flatMap((source) =>
        source.said().flatMap(([look, sighting]) => reasonOf(sighting, look, nowMs, holding) ?? []),
      );
      return Object.freeze(
        reasons
          .toSorted((a, b) => REASON_CODES.indexOf(a.code) - REASON_CODES.indexOf(b.code))
          .slice(0, MOST),
      );
    },
    isTroubled() {
      observe();
      const nowMs = now();
      if (observed.some((source) => source.isAwaited(nowMs))) return true;
      return [...holding(null)].some((code) => EXPLAINABLE.has(code));
    },
    async close() {
      clearInterval(timer);
      await Promise.all(sources.map(async (source) => source.close?.()));
    },
  };
}

/** What one source has seen, and for how many looks in a row. */
interface Observation {
  observe(): void;
  said(): readonly (readonly [Look, Sighting])[];
  /** Whether something has been seen and has to be seen again before it is said. */
  isAwaited(nowMs: number): boolean;
}

function createObservation(source: ReasonSource): Observation {
  let last: Look | undefined;
  let sightings: readonly Sighting[] = [];
  let inARow: ReadonlyMap<string, number> = new Map();

  function latest(): Look | undefined {
    try {
      return source.latest();
    } catch {
      return last;
    }
  }

  const isSaid = (sighting: Sighting): boolean =>
    sighting.isCertain === true ||
    (inARow.get(keyOf(sighting)) ?? 0) >= Math.min(source.needs, REASONS[sighting.code].readings);

  return {
    observe() {
      const look = latest();
      if (look === undefined || look.atMs === last?.atMs) return;
      last = look;
      const seen = new Map<string, Sighting>();
      for (const sighting of look.sightings.slice(0, MOST_OF_A_SOURCE)) {
        if (!seen.has(keyOf(sighting))) seen.set(keyOf(sighting), sighting);
      }
      const before = inARow;
      inARow = new Map([...seen.keys()].map((key) => [key, (before.get(key) ?? 0) + 1]));
      sightings = [...seen.values()];
    },
    said() {
      const look = last;
      return look ? sightings.filter(isSaid).map((sighting) => [look, sighting] as const) : [];
    },
    isAwaited: (nowMs) =>
      last !== undefined && nowMs - last.atMs < AWAITED_MS && !sightings.every((one) => isSaid(one)),
  };
}

function keyOf({ code, component }: Sighting): string {
  return `${code} ${component ?? ''}`;
}

function reasonOf(
  sighting: Sighting,
  look: Look,
  nowMs: number,
  holding: (component: string | null) => ReadonlySet<ProblemCode>,
): Reason | undefined {
  try {
    const { code, component } = sighting;
    const { explains, next } = REASONS[code];
    const held = holding(component);
    return Object.freeze({
      code,
      explains: explains.find((problem) => held.has(problem)) ?? null,
      ...explain(sighting),
      next,
      checkedAt: new Date(look.at),
      ageMs: Math.max(0, Math.round(nowMs - look.atMs)),
    });
  } catch {
    // A figure that makes no sense costs its own reason, and no other.
    return undefined;
  }
}
