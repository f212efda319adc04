/**
 * What long holders of connections are called: a leak, a transaction left open or a slow statement. Who waits for a lock is
 * none of these: the server's list of locks has it.
 */
import type { Sighting } from '../sighting.js';
import type { Observed } from './activity.js';
import type { HeldSession } from './server-sessions.js';
import { siteOf } from './sites.js';

export interface HoldersReading {
  readonly component: string;
  readonly observed: readonly Observed[];
  /** What the server said while the holder already did what it does now; `undefined` when it said nothing. */
  readonly serverSession: (one: Observed) => HeldSession | undefined;
  readonly holderAfterMs: number;
  /** Of the pool; `null` when it does not tell. */
  readonly size: number | null;
  /** Callers who wait for a connection; `null` when it does not tell. */
  readonly waiting: number | null;
  readonly nowMs: number;
}

/** HikariCP advises one to two minutes, because it cannot tell a leak from work: that is the default of ten seconds, so often. */
const UNTOLD_FACTOR = 6;

/** What a holder has done too long. `since` is monotonic. */
interface Long {
  readonly one: Observed;
  readonly sinceMs: number;
}

/** Milliseconds from which a statement is slow. */
export function slowStatementMs(holderAfterMs: number): number {
  return holderAfterMs / 2;
}

/** Pure. At most one sighting of a code. */
export function sightHolders(reading: HoldersReading): readonly Sighting[] {
  const leaks: Long[] = [];
  const untold: Long[] = [];
  const transactions: Long[] = [];
  const statements: Long[] = [];
  const { holderAfterMs, nowMs, serverSession } = reading;
  for (const one of reading.observed) {
    const { holder, activity, statementSinceMs, idleSinceMs } = one;
    if (statementSinceMs !== undefined) {
      if (nowMs - statementSinceMs >= slowStatementMs(holderAfterMs)) {
        statements.push({ one, sinceMs: statementSinceMs });
      }
    } else if (idleSinceMs !== undefined) {
      if (nowMs - idleSinceMs < holderAfterMs) continue;
      const isOpen =
        activity.transaction === null ? isOpenAtServer(serverSession(one)) : activity.transaction !== 'none';
      (isOpen ? transactions : leaks).push({ one, sinceMs: idleSinceMs });
    } else if (nowMs - holder.sinceMs >= UNTOLD_FACTOR * holderAfterMs) {
      const session = serverSession(one);
      const into = session?.state === 'idle' ? leaks : isOpenAtServer(session) ? transactions : untold;
      if (session?.state !== 'active') into.push({ one, sinceMs: holder.sinceMs });
    }
  }
  return [
    ...leakOf(leaks.length > 0 ? leaks : untold, reading),
    ...transactionOf(transactions, reading),
    ...statementOf(statements, reading),
  ];
}

function isOpenAtServer(session: HeldSession | undefined): boolean {
  return session?.state?.startsWith('idle in transaction') ?? false;
}

function leakOf(long: readonly Long[], reading: HoldersReading): readonly Sighting[] {
  if (long.length === 0) return [];
  const isTold = long.every(({ one }) => one.activity.statement === null);
  const isKnown = long.every(
    ({ one }) => one.activity.transaction !== null || reading.serverSession(one)?.state === 'idle',
  );
  return sighting('CONNECTION_LEAK', long, reading, {
    statement: isTold ? 'none' : null,
    transaction: isKnown ? 'none' : null,
  });
}

function transactionOf(long: readonly Long[], reading: HoldersReading): readonly Sighting[] {
  const failed = long.filter(({ one }) => one.activity.transaction === 'failed').length;
  return sighting('TRANSACTION_LEFT_OPEN', long, reading, { failed });
}

/** Those of whom the server says that they wait for a lock are not slow: others hold them up. */
function statementOf(long: readonly Long[], reading: HoldersReading): readonly Sighting[] {
  const sessions = long.map(({ one }) => reading.serverSession(one));
  const working = long.filter((_, index) => sessions[index]?.waitsFor !== 'Lock');
  const isTold = sessions.every((session) => session !== undefined);
  return sighting('STATEMENTS_SLOW', working, reading, {
    threshold_ms: slowStatementMs(reading.holderAfterMs),
    waiting_for_lock: isTold ? long.length - working.length : null,
  });
}

function sighting(
  code: Sighting['code'],
  long: readonly Long[],
  { component, size, waiting, nowMs }: HoldersReading,
  figures: Sighting['figures'],
): readonly Sighting[] {
  if (long.length === 0) return [];
  const oldestMs = Math.min(...long.map(({ sinceMs }) => sinceMs));
  const label = mostOf(long.map(({ one }) => one.holder.note?.label));
  const site = mostOf(long.slice(0, MOST_SITES).map(({ one }) => siteAt(one.holder.note?.at)));
  return [
    {
      code,
      component,
      figures: {
        connections: long.length,
        size,
        longest_ms: Math.round(nowMs - oldestMs),
        waiting,
        ...(label && { of_label: label.count }),
        ...(site && { of_site: site.count }),
        ...figures,
      },
      names: { ...(label && { label: label.name }), ...(site && { site: site.name }) },
    },
  ];
}

/** To put a stack into words takes a third of a millisecond, and with source maps three. */
const MOST_SITES = 8;
const sites = new WeakMap<object, string | undefined>();

function siteAt(at: { readonly stack?: unknown } | undefined): string | undefined {
  if (at === undefined) return undefined;
  if (!sites.has(at)) sites.set(at, siteOf(at));
  return sites.get(at);
}

/** The name that most have, the first of them when several do. */
function mostOf(
  names: readonly (string | undefined)[],
): { readonly name: string; readonly count: number } | undefined {
  const counts = new Map<string, number>();
  for (const name of names) if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
  const [first] = [...counts].toSorted(([, a], [, b]) => b - a);
  return first && { name: first[0], count: first[1] };
}
