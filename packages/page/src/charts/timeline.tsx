/**
 * The strip of the status: the worse, the higher, so that it needs no colour; hatched where nothing was measured. Below
 * it for how long it was how, by the sums of the service: a bar is the worst of its time and says nothing of that.
 */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { type Pointed, type Store, useStore } from '../state-container.js';
import { TimeText } from '../views/text.js';
import type { HistoryState } from './use-history.js';
import { runsOf, stepWords, totalsWords, type StatusRun } from './runs.js';

export interface TimelineProps {
  readonly history: HistoryState;
  readonly limits: { readonly fromMs: number; readonly toMs: number };
  readonly pointed: Store<Pointed>;
  readonly nowMs: number;
}

const WIDTH = 1_000;
const HEIGHT = 40;
/** What happened for a moment only must be seen as well. */
const NARROWEST = 2;
const HEIGHTS = { healthy: 10, degraded: 24, unhealthy: 40 } as const;

export function Timeline({
  history: { history, error: refusal },
  limits,
  pointed,
  nowMs,
}: TimelineProps): JSX.Element {
  const { atMs } = useStore(pointed);
  const from = limits.fromMs / 1_000;
  const to = limits.toMs / 1_000;
  const runs = useMemo(() => runsOf(history, from, to), [history, from, to]);
  const x = (second: number): number => ((second - from) / (to - from)) * WIDTH;
  const words = history ? totalsWords(history.totals) : 'asking …';
  return (
    <figure class="timeline">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={words}>
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
          {refusal ?? words} {history && !refusal && <small class="soft">({stepWords(history)})</small>}
        </span>
        <TimeText at={limits.toMs} nowMs={nowMs} />
      </figcaption>
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
  const left = x(run.from);
  const width = Math.max(NARROWEST, x(run.to) - left);
  if (run.status === null) {
    return <rect x={left} y="0" width={width} height={HEIGHT} fill="url(#hatch)" />;
  }
  const height = HEIGHTS[run.status];
  return <rect class={run.status} x={left} y={HEIGHT - height} width={width} height={height} />;
}
