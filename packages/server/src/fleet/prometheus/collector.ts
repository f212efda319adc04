/**
 * Asks a Prometheus about services, again and again, and keeps in mind which instances are to be named: those that are not
 * well, until they have been for as many scrapes as it takes to believe it.
 */
import { errorCode } from 'portal-shared/error-code';
import { PrometheusError, type PrometheusApi } from './prometheus-api.js';
import { escaped } from './promql.js';
import {
  askRound,
  askSlowly,
  type Group,
  type ScrapedInstance,
  type ScrapedRound,
  type SlowAnswers,
} from './round.js';

/** A service, and which series are its own. */
export interface PlannedSeries {
  readonly service: string;
  readonly label: string;
  readonly value: string;
  readonly intervalMs: number;
  /** Scrapes in a row until an instance that recovers counts as well. */
  readonly successThreshold: number;
}

/** What a round has brought for one service. */
export interface ServiceRound {
  readonly service: string;
  readonly found:
    | ({ readonly kind: 'round' } & ScrapedRound)
    /** `cause`: a code of the system, or what was wrong, for the log. */
    | { readonly kind: 'failed'; readonly cause: string };
}

export interface Collector {
  /** Replaces what is asked for. */
  setSeries(series: readonly PlannedSeries[]): void;
  close(): void;
}

export interface CollectorOptions {
  readonly api: PrometheusApi;
  readonly onRounds: (rounds: readonly ServiceRound[]) => void;
}

/** VictoriaMetrics takes questions of 16 kB, in which the values stand up to three times. */
const LONGEST_SELECTION = 3_000;
const SLOWLY_MS = 30_000;
const LONGEST_ROUND_MS = 30_000;

export function createCollector({ api, onRounds }: CollectorOptions): Collector {
  let written = '';
  let stops: readonly (() => void)[] = [];

  function close(): void {
    for (const stop of stops) stop();
    stops = [];
  }

  return {
    setSeries(series) {
      const now = JSON.stringify(series);
      if (now === written) return;
      written = now;
      close();
      stops = groupsOf(series).map((group) => askAgainAndAgain(group, api, onRounds));
    },
    close,
  };
}

/** Services that can be asked for together. */
interface Members {
  readonly label: string;
  readonly intervalMs: number;
  readonly members: PlannedSeries[];
  /** Of their values, as they are written in a question. */
  length: number;
}

function groupsOf(series: readonly PlannedSeries[]): readonly Members[] {
  const groups = new Map<string, Members[]>();
  for (const one of series) {
    const key = `${one.label} ${one.intervalMs}`;
    const length = escaped(one.value).length + 1;
    const known = groups.get(key) ?? [];
    const last = known.at(-1);
    if (last && last.length + length <= LONGEST_SELECTION) {
      last.members.push(one);
      last.length += length;
    } else {
      known.push({ label: one.label, intervalMs: one.intervalMs, members: [one], length });
    }
    groups.set(key, known);
  }
  return [...groups.values()].flat();
}

/** @returns how to stop */
function askAgainAndAgain(
  { label, intervalMs, members }: Members,
  api: PrometheusApi,
  onRounds: CollectorOptions['onRounds'],
): () => void {
  const group: Group = { label, values: [...new Set(members.map(({ value }) => value))], intervalMs };
  const watchlist = createWatchlist(Math.max(...members.map((one) => one.successThreshold)));
  let slow: SlowAnswers | undefined;
  let slowAtMs = Number.NEGATIVE_INFINITY;
  let listedBefore = '';
  let isFirst = true;
  let isAsking = false;
  let isStopped = false;

  async function ask(): Promise<readonly ServiceRound[]> {
    const atMs = Date.now();
    const beganMs = performance.now();
    const session = await api.open(atMs, beganMs + Math.min(intervalMs, LONGEST_ROUND_MS));
    try {
      if (!slow || beganMs - slowAtMs >= SLOWLY_MS) {
        slow = await askSlowly(session, group);
        slowAtMs = beganMs;
      }
      const rounds = await askRound(session, group, slow, watchlist.names(), isFirst);
      isFirst = false;
      const listed = JSON.stringify([...rounds].map(([, round]) => round.listed));
      // Who has come and who has gone is asked for at once then.
      if (listed !== listedBefore) slowAtMs = Number.NEGATIVE_INFINITY;
      listedBefore = listed;
      for (const [value, { named }] of rounds) watchlist.note(value, named);
      return members.flatMap(({ service, value }) => {
        const round = rounds.get(value);
        return round ? { service, found: { kind: 'round' as const, atMs, ...round } } : [];
      });
    } finally {
      session.close();
    }
  }

  async function run(): Promise<void> {
    if (isAsking) return;
    isAsking = true;
    const rounds = await ask().catch((error: unknown) => {
      const cause = error instanceof PrometheusError ? error.message : errorCode(error);
      return members.map(({ service }) => ({ service, found: { kind: 'failed' as const, cause } }));
    });
    isAsking = false;
    if (!isStopped) onRounds(rounds);
  }

  void run();
  const timer = setInterval(() => void run(), intervalMs);
  timer.unref();
  return () => {
    isStopped = true;
    clearInterval(timer);
  };
}

interface Watchlist {
  /** By value of the label. */
  names(): ReadonlyMap<string, ReadonlySet<string>>;
  note(value: string, named: readonly ScrapedInstance[]): void;
}

/** Which instances are named although they may be well by now. Those that are no longer listed leave it. */
function createWatchlist(successThreshold: number): Watchlist {
  const all = new Map<string, Map<string, { readonly atMs: number; readonly wellScrapes: number }>>();
  return {
    names: () => new Map([...all].map(([value, held]) => [value, new Set(held.keys())])),
    note(value, named) {
      const before = all.get(value);
      const after = new Map<string, { atMs: number; wellScrapes: number }>();
      for (const { instance, observation, scrapedAtMs } of named) {
        const isWell = observation.kind === 'answered' && observation.reading.health === 'healthy';
        const known = before?.get(instance);
        const isSame = known?.atMs === scrapedAtMs;
        const wellScrapes = isWell ? (known?.wellScrapes ?? 0) + (isSame ? 0 : 1) : 0;
        // One more, so that it has been told as well before it is no longer named.
        if (wellScrapes <= successThreshold) after.set(instance, { atMs: scrapedAtMs, wellScrapes });
      }
      all.set(value, after);
    },
  };
}
