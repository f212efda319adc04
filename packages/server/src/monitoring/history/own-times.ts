/**
 * Healthy time of this service, from its status events, and of its parts, from the causes of their troubles.
 */
import { PROBLEMS } from 'portal-health';
import type { HealthyTime, HealthyTimeQuery } from '../healthy-time/healthy-time-query.js';
import {
  partStretches,
  segmentsOf,
  sumsOf,
  type Measured,
  type Stretch,
} from '../healthy-time/healthy-time.js';
import type { CauseStore, Trouble } from './cause-store.js';
import type { Present, StatusTotals } from './status-totals.js';

/** They are told of even where they never had a trouble. */
const PARTS = ['database', 'cache'];

export function createOwnTimes({
  causes,
  totals,
}: {
  readonly causes: CauseStore;
  readonly totals: StatusTotals;
}): (query: HealthyTimeQuery, present: Present) => HealthyTime | null {
  return ({ ranges, maintenance }, present) => {
    const fromMs = Math.min(...ranges.map((range) => range.fromMs));
    const toMs = Math.max(...ranges.map((range) => range.toMs));
    const since = totals.totals({ fromMs, toMs }, present).complete_from;
    if (since === null) return null;
    const stretches = totals.stretches({ fromMs, toMs }, present);
    const measured = segmentsOf(stretches);
    const troubles = causes.troubles(fromMs, toMs);
    const sumsIn = (of: readonly Stretch[]) => {
      const segments = segmentsOf(of, maintenance);
      return ranges.map((range) => sumsOf(segments, range));
    };
    const names = new Set([...PARTS, ...troubles.map(({ component }) => component)]);
    return {
      completeFromMs: Date.parse(since),
      sums: sumsIn(stretches),
      parts: [...names].map((part) => {
        const own = troubles.filter(({ component }) => component === part);
        return {
          part,
          sums: sumsIn(
            partStretches(
              measured,
              own.map((trouble) => stretchOf(trouble, present.knownMs)),
            ),
          ),
        };
      }),
    };
  };
}

function stretchOf({ code, beganMs, endedMs }: Trouble, knownMs: number): Stretch {
  return { status: statusOf(code), fromMs: beganMs, toMs: endedMs ?? Math.max(beganMs, knownMs) };
}

/** Of the part itself, whatever it does to the service: one that does not answer is unhealthy. */
function statusOf(code: string): Measured {
  const { effect } = (PROBLEMS as Readonly<Record<string, { readonly effect: string }>>)[code] ?? {};
  return effect === 'degrades' || /_(SLOW|STALE)$/.test(code) ? 'degraded' : 'unhealthy';
}
