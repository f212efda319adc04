/**
 * The status over time as bars: a worse status is higher, so that it needs no colour; hatched where nothing was measured.
 * Below are the times in each status, as the service sums them: a bar shows only the worst status of its step.
 */
import type { ComponentChildren, JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { type Pointed, type Store, useStore } from '../state-container.js';
import { TimeText } from '../views/text.js';
import type { HistoryState } from './use-history.js';
import { runsOf, statusAt, stepWords, totalsWords, type StatusRun } from './runs.js';

export interface TimelineProps {
  readonly history: HistoryState;
  readonly limits: { readonly fromMs: number; readonly toMs: number };
  readonly pointed: Store<Pointed>;
  readonly nowMs: number;
  /** What is done where somebody presses. */
  readonly press: (atMs: number) => void;
  /** What stands below it. */
  readonly children?: ComponentChildren;
}

const WIDTH = 1_000;
const HEIGHT = 40;
/** So that a status of a moment can be seen. */
const NARROWEST = 3;
const HEIGHTS = { healthy: 10, degraded: 24, unhealthy: 40 } as const;

export function Timeline({
  history: { history, error },
  limits,
  pointed,
  nowMs,
  press,
  children,
}: TimelineProps): JSX.Element {
  const { atMs } = useStore(pointed);
  const from = limits.fromMs / 1_000;
  const to = limits.toMs / 1_000;
  const runs = useMemo(() => runsOf(history, from, to), [history, from, to]);
  const x = (second: number): number => ((second - from) / (to - from)) * WIDTH;
  const words = history ? totalsWords(history.totals) : 'Loading …';
  return (
    <figure class="timeline">
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={words}
        onPointerMove={(event) => pointed.change({ atMs: momentAt(event, limits) })}
        onClick={(event) => press(momentAt(event, limits))}
        onPointerLeave={() => pointed.change({ atMs: null })}
      >
        <defs>
          <pattern
            id="hatch"
            width="8"
            height="8"
            patternUnits="userSpaceOnUse"
            patternTransform="rotate(45)"
          >
            <rect width="2.5" height="8" class="hatch" />
          </pattern>
        </defs>
        {runs.map((run) => (
          <Stretch key={`${run.from}`} run={run} x={x} />
        ))}
        {atMs !== null && atMs >= limits.fromMs && atMs <= limits.toMs && (
          <rect class="at" x={x(atMs / 1_000)} y="0" width="1.5" height={HEIGHT} />
        )}
      </svg>
      <figcaption>
        <TimeText at={limits.fromMs} nowMs={nowMs} />
        <span>
          {atMs === null || error ? (
            <>
              {error ?? words} {history && !error && <small class="soft">({stepWords(history)})</small>}
            </>
          ) : (
            <>
              at <TimeText at={atMs} nowMs={nowMs} />: {statusAt(runs, atMs / 1_000)}
            </>
          )}
        </span>
        <TimeText at={limits.toMs} nowMs={nowMs} />
      </figcaption>
      {children}
    </figure>
  );
}

function Stretch({
  run,
  x,
}: {
  readonly run: StatusRun;
  readonly x: (second: number) => number;
}): JSX.Element {
  const width = Math.max(NARROWEST, x(run.to) - x(run.from));
  // One that has just begun is not cut off at the edge.
  const left = Math.min(x(run.from), WIDTH - width);
  if (run.status === null) {
    return <rect x={left} y="0" width={width} height={HEIGHT} fill="url(#hatch)" />;
  }
  const height = HEIGHTS[run.status];
  return <rect class={run.status} x={left} y={HEIGHT - height} width={width} height={height} />;
}

/** Milliseconds since 1970, where somebody points at a strip that shows a time from its left to its right edge. */
export function momentAt(
  { currentTarget, clientX }: { readonly currentTarget: SVGSVGElement; readonly clientX: number },
  { fromMs, toMs }: TimelineProps['limits'],
): number {
  const { left, width } = currentTarget.getBoundingClientRect();
  return fromMs + ((clientX - left) / width) * (toMs - fromMs);
}
