/**
 * Healthy time: for how long of a range each status lasted, to the millisecond, with maintenance apart. Pure. All times in
 * milliseconds since 1970.
 */

/** Includes its begin, and not its end. */
export interface Range {
  readonly fromMs: number;
  readonly toMs: number;
}

/** From best to worst. */
export const MEASURED = ['healthy', 'degraded', 'unhealthy'] as const;
export type Measured = (typeof MEASURED)[number];

/** A time of one status. */
export interface Stretch extends Range {
  readonly status: Measured;
}

export type TimeKind = Measured | 'maintenance';

/** Disjoint, in the order of time. Between two of them nothing was measured. */
export interface Segment extends Range {
  readonly kind: TimeKind;
}

/** In milliseconds; together the length of the range. */
export type Sums = Readonly<Record<TimeKind | 'unmeasured', number>>;

/** Of two at one time the later one of this list counts. */
const ORDER: readonly TimeKind[] = [...MEASURED, 'maintenance'];

/**
 * Of two stretches of one time, which a clock that was set back can make, the worse counts. Maintenance is outside of all
 * status, measured or not.
 */
export function segmentsOf(
  stretches: readonly Stretch[],
  maintenance: readonly Range[] = [],
): readonly Segment[] {
  const marks = [
    ...stretches.flatMap(({ status, ...range }) => marksOf(status, range)),
    ...maintenance.flatMap((range) => marksOf('maintenance', range)),
  ].toSorted((one, other) => one.at - other.at);
  const counts: Record<TimeKind, number> = { healthy: 0, degraded: 0, unhealthy: 0, maintenance: 0 };
  const segments: Segment[] = [];
  let sinceMs = 0;
  for (const { at, kind, by } of marks) {
    const current = ORDER.findLast((one) => counts[one] > 0);
    if (current !== undefined && at > sinceMs) append(segments, { kind: current, fromMs: sinceMs, toMs: at });
    counts[kind] += by;
    sinceMs = at;
  }
  return segments;
}

/** @param segments - disjoint, in the order of time */
export function sumsOf(segments: readonly Segment[], { fromMs, toMs }: Range): Sums {
  const sums = { healthy: 0, degraded: 0, unhealthy: 0, maintenance: 0 };
  let measured = 0;
  for (const segment of segments) {
    if (segment.fromMs >= toMs) break;
    const ms = Math.min(segment.toMs, toMs) - Math.max(segment.fromMs, fromMs);
    if (ms <= 0) continue;
    sums[segment.kind] += ms;
    measured += ms;
  }
  return { ...sums, unmeasured: Math.max(0, toMs - fromMs) - measured };
}

/**
 * The stretches of a part of a service: healthy wherever the service was measured and no trouble of the part is known.
 *
 * @param service - its segments, without maintenance
 * @param troubles - of the part
 */
export function partStretches(service: readonly Segment[], troubles: readonly Stretch[]): readonly Stretch[] {
  const measured = service.map(({ fromMs, toMs }) => ({ status: 'healthy' as const, fromMs, toMs }));
  const clipped = measured.flatMap(({ fromMs, toMs }) =>
    troubles
      .map((trouble) => ({
        ...trouble,
        fromMs: Math.max(trouble.fromMs, fromMs),
        toMs: Math.min(trouble.toMs, toMs),
      }))
      .filter((trouble) => trouble.toMs > trouble.fromMs),
  );
  return [...measured, ...clipped];
}

/**
 * Percent of the time that was measured outside of maintenance, three decimals; `null`: there is none. Rounded down, so that
 * 100 means all of it.
 */
export function healthyPercent({ healthy, degraded, unhealthy }: Sums): number | null {
  const measured = healthy + degraded + unhealthy;
  return measured === 0 ? null : Math.floor((healthy / measured) * 100_000) / 1_000;
}

interface Mark {
  readonly at: number;
  readonly kind: TimeKind;
  readonly by: 1 | -1;
}

function marksOf(kind: TimeKind, { fromMs, toMs }: Range): readonly Mark[] {
  if (toMs <= fromMs) return [];
  return [
    { at: fromMs, kind, by: 1 },
    { at: toMs, kind, by: -1 },
  ];
}

/** Joins it to the segment before where that is of the same kind. */
function append(segments: Segment[], segment: Segment): void {
  const last = segments.at(-1);
  if (last?.kind === segment.kind && last.toMs === segment.fromMs) {
    segments[segments.length - 1] = { ...last, toMs: segment.toMs };
  } else segments.push(segment);
}
