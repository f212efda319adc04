/** Times in which a service was not healthy, as somebody tells of them afterwards. Pure. Milliseconds since 1970. */
import { DAY_MS, MINUTE_MS } from '../history/history-limits.js';
import type { Measured, Range, Segment } from './healthy-time.js';

export interface Outage extends Range {
  readonly worst: Exclude<Measured, 'healthy'>;
  /** It has not ended, as far as is known. */
  readonly isOpen: boolean;
}

/** After a longer time without a look nothing goes on. */
const GOES_ON_FOR_MS = DAY_MS;
/** What comes back so soon is the same trouble. */
const SAME_WITHIN_MS = 5 * MINUTE_MS;

/** The latest first. Those that follow one another closely are one; maintenance is none. */
export function outagesIn(segments: readonly Segment[]): readonly Outage[] {
  const knownMs = segments.at(-1)?.toMs ?? 0;
  const outages: Outage[] = [];
  for (const { kind, fromMs, toMs } of segments) {
    if (kind === 'healthy' || kind === 'maintenance') continue;
    const last = outages.at(-1);
    const isOpen = toMs >= knownMs;
    if (last && fromMs - last.toMs <= SAME_WITHIN_MS) {
      const worst = last.worst === 'unhealthy' ? last.worst : kind;
      outages[outages.length - 1] = { fromMs: last.fromMs, toMs, worst, isOpen };
    } else outages.push({ fromMs, toMs, worst: kind, isOpen });
  }
  return outages.toReversed();
}

/**
 * Since when the status is what it is, also from before a start of the watcher.
 *
 * @param since - as the watcher has it
 */
export function statusSince(segments: readonly Segment[], status: string, since: number): number {
  let first = since;
  for (const { kind, fromMs, toMs } of segments.toReversed()) {
    if (fromMs >= first) continue;
    if (kind !== status || first - toMs > GOES_ON_FOR_MS) break;
    first = fromMs;
  }
  return first;
}
