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
  /** Waits until all of `codes` were seen; resolves with whether they were. */
  untilSeen(codes: readonly string[]): Promise<boolean>;
  /** Waits until none of them is seen any more; resolves with those that still are. */
  untilGone(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

/** From the threshold of a reason to the moment in which it is said, and from its end to when it no longer is. */
const WITHIN_MS = 20_000;
const EVERY_MS = 500;
const TIMEOUT_MS = 2_000;

/** Public endpoints: whatever they say, it is none of this. */
const PUBLIC = ['/health', '/metrics', '/readyz?verbose'];
const FOR_ADMINISTRATORS = /portal_health_reason|"sentence":|LOCK_QUEUE|CONNECTION_LEAK|STATEMENTS_SLOW/;

export function watchReasons(target: Target, scan: LeakScan): ReasonWatch {
  const seen = new Set<string>();
  let now: readonly string[] = [];
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

  async function look(): Promise<void> {
    const text = await read(target.reasonsPath, target.cookies[0]);
    if (text?.startsWith('{"reasons":')) {
      scan.scan(`${target.name} ${target.reasonsPath}`, text);
      const { reasons } = JSON.parse(text) as { readonly reasons: readonly { readonly code: string }[] };
      now = reasons.map(({ code }) => code);
      for (const code of now) seen.add(code);
    }
    const path = PUBLIC[(turn += 1) % PUBLIC.length] ?? '';
    const open = await read(path);
    if (open !== undefined && FOR_ADMINISTRATORS.test(open)) seen.add(`(in the open: ${path})`);
  }

  async function watch(): Promise<void> {
    while (!stop.signal.aborted) {
      await look();
      await sleep(EVERY_MS);
    }
  }

  async function until(isSo: () => boolean): Promise<boolean> {
    const untilMs = performance.now() + WITHIN_MS;
    while (!isSo() && performance.now() < untilMs) await sleep(EVERY_MS / 5);
    return isSo();
  }

  const watching = watch();
  return {
    async begin() {
      await look();
      await until(() => now.length === 0);
      seen.clear();
    },
    codes: () => [...seen],
    untilSeen: (codes) => until(() => codes.every((code) => seen.has(code))),
    async untilGone() {
      await until(() => now.length === 0);
      return now;
    },
    async stop() {
      stop.abort();
      await watching;
    },
  };
}
