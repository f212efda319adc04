/**
 * The reasons that a target gives its administrators during a scenario: the right ones in time, no wrong one, and gone in
 * time. They are seen at two looks in a row, five seconds apart while there is trouble.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LeakScan } from './planted-secrets.js';
import type { Target } from './targets/target.js';

export interface ReasonWatch {
  /** Waits until those of the scenario before are gone, and begins anew. */
  begin(): Promise<void>;
  /** Every code that was seen so far, in the order in which they came. */
  codes(): readonly string[];
  /** Every sentence that was read so far, after its code. */
  texts(): readonly string[];
  /** Waits until all that is expected was seen; resolves with what was not, or too late, as sentences. */
  untilSeen(expected: ExpectedReasons): Promise<readonly string[]>;
  /** Waits until none is seen any more, for 20 s from `sinceMs`; resolves with those that still are. */
  untilGone(sinceMs: number): Promise<readonly string[]>;
  /** When each code was seen first, and since when none is seen; by `performance.now()`. */
  firstSeenMs(code: string): number | undefined;
  goneMs(): number | undefined;
  stop(): Promise<void>;
}

export interface ExpectedReasons {
  readonly codes: readonly string[];
  readonly sentences: readonly RegExp[];
  /** The cause stood, by `performance.now()`. */
  readonly stoodMs: number;
  /** After which time of standing it is a reason; others than the defaults. */
  readonly thresholdsMs: Readonly<Record<string, number>>;
}

/** From the threshold of a reason to the moment in which it is said, and from its end to when it no longer is. */
const WITHIN_MS = 20_000;
const EVERY_MS = 500;
const TIMEOUT_MS = 2_000;

/** What has to have stood for a while, by the catalogue. */
const THRESHOLDS_MS: Readonly<Record<string, number>> = {
  LOCK_QUEUE: 1_000,
  STATEMENTS_SLOW: 5_000,
  CONNECTION_LEAK: 10_000,
  TRANSACTION_LEFT_OPEN: 10_000,
  PREPARED_TRANSACTION: 60_000,
  CACHE_LINK_DOWN: 60_000,
};

/** Public endpoints: whatever they say, it is none of this. */
const PUBLIC = ['/health', '/metrics', '/readyz?verbose'];
const FOR_ADMINISTRATORS = /portal_health_reason|"sentence":|LOCK_QUEUE|CONNECTION_LEAK|STATEMENTS_SLOW/;

interface ReadReason {
  readonly code: string;
  readonly sentence: string;
}

/** Milliseconds of standing after which a code's threshold is reached. */
export function thresholdMs(code: string, thresholdsMs: ExpectedReasons['thresholdsMs']): number {
  return thresholdsMs[code] ?? THRESHOLDS_MS[code] ?? 0;
}

export function watchReasons(target: Target, scan: LeakScan): ReasonWatch {
  const seen = new Map<string, number>();
  const sentences = new Set<string>();
  const texts = new Set<string>();
  let now: readonly string[] = [];
  let goneMs: number | undefined;
  const stop = new AbortController();
  let turn = 0;

  async function read(path: string, cookie?: string): Promise<string | undefined> {
    try {
      const answer = await fetch(`${target.url}${path}`, {
        headers: cookie === undefined ? {} : { Cookie: cookie },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const text = await answer.text();
      return answer.ok || answer.status === 503 ? text : undefined;
    } catch {
      return undefined;
    }
  }

  function note(code: string): void {
    if (!seen.has(code)) seen.set(code, performance.now());
  }

  async function look(): Promise<void> {
    const text = await read(target.reasonsPath, target.cookies[0]);
    if (text?.startsWith('{"reasons":')) {
      scan.scan(`${target.name} ${target.reasonsPath}`, text);
      const { reasons } = JSON.parse(text) as { readonly reasons: readonly ReadReason[] };
      now = reasons.map(({ code }) => code);
      goneMs = now.length > 0 ? undefined : (goneMs ?? performance.now());
      for (const { code, sentence } of reasons) {
        note(code);
        sentences.add(sentence);
        texts.add(`${code}: ${sentence}`);
      }
    }
    const path = PUBLIC[(turn += 1) % PUBLIC.length] ?? '';
    const open = await read(path);
    if (open !== undefined && FOR_ADMINISTRATORS.test(open)) note(`(in the open: ${path})`);
  }

  async function watch(): Promise<void> {
    while (!stop.signal.aborted) {
      await look();
      await sleep(EVERY_MS);
    }
  }

  async function until(isSo: () => boolean, untilMs: number): Promise<void> {
    while (!isSo() && performance.now() < untilMs) await sleep(EVERY_MS / 5);
  }

  function missing({ codes, sentences: patterns }: ExpectedReasons): readonly string[] {
    const lacking = patterns.filter((pattern) => ![...sentences].some((sentence) => pattern.test(sentence)));
    return [
      ...codes
        .filter((code) => !seen.has(code))
        .map((code) => `expected the reason ${code}, was given “${[...seen.keys()].join(' ')}”`),
      ...lacking.map((pattern) => `expected ${String(pattern)}, was given “${[...sentences].join(' · ')}”`),
    ];
  }

  const watching = watch();
  return {
    async begin() {
      await look();
      await until(() => now.length === 0, performance.now() + WITHIN_MS);
      seen.clear();
      sentences.clear();
      texts.clear();
    },
    codes: () => [...seen.keys()],
    texts: () => [...texts],
    async untilSeen(expected) {
      const { codes, stoodMs, thresholdsMs } = expected;
      const lastMs = Math.max(0, ...codes.map((code) => thresholdMs(code, thresholdsMs)));
      await until(() => missing(expected).length === 0, stoodMs + lastMs + WITHIN_MS);
      const late = codes.flatMap((code) => {
        const tookMs = (seen.get(code) ?? 0) - stoodMs - thresholdMs(code, thresholdsMs);
        return tookMs <= WITHIN_MS + EVERY_MS
          ? []
          : [`gave the reason ${code} after ${Math.round(tookMs)} ms`];
      });
      return [...missing(expected), ...late];
    },
    async untilGone(sinceMs) {
      await until(() => now.length === 0, sinceMs + WITHIN_MS + EVERY_MS);
      return now;
    },
    firstSeenMs: (code) => seen.get(code),
    goneMs: () => goneMs,
    async stop() {
      stop.abort();
      await watching;
    },
  };
}
