/** All charts, on one time axis. What they show and the code that draws them are fetched only by users who see them. */
import type { ComponentType, JSX } from 'preact';
import type { HistoryDocument } from 'portal-server/api';
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Pointed, type Store, useStore } from '../state-container.js';
import { TimeText } from '../views/text.js';
import { CHARTS } from './chart-specs.js';
import type { ChartProps } from './chart.js';
import { MARK_WORDS, nearWords, type ChartMark } from './marks.js';
import type { HistoryState } from './use-history.js';

export interface ChartsProps {
  readonly history: HistoryState;
  readonly limits: { readonly fromMs: number; readonly toMs: number };
  readonly pointed: Store<Pointed>;
  readonly marks: readonly ChartMark[];
  readonly zoom: (fromMs: number, toMs: number) => void;
  readonly nowMs: number;
  /** What is done where somebody presses; the end of a drag is none. */
  readonly press: (atMs: number) => void;
  /** Whether they are on the screen, or were. */
  readonly areSeen: boolean;
  readonly see: () => void;
}

/** So that whoever scrolls to them finds them there. */
const BEFORE = '400px';

export function Charts({
  history: { history, error },
  limits,
  pointed,
  marks,
  zoom,
  nowMs,
  press,
  areSeen,
  see,
}: ChartsProps): JSX.Element {
  const { atMs } = useStore(pointed);
  const letters = (Object.keys(MARK_WORDS) as ChartMark['letter'][]).filter((letter) =>
    marks.some((mark) => mark.letter === letter && mark.atMs >= limits.fromMs && mark.atMs <= limits.toMs),
  );
  const [drawing, setDrawing] = useState<{ readonly Chart: ComponentType<ChartProps> }>();
  const place = useRef<HTMLElement>(null);
  useEffect(() => {
    const { current } = place;
    if (areSeen || !current) return undefined;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some(({ isIntersecting }) => isIntersecting)) see();
      },
      { rootMargin: BEFORE },
    );
    observer.observe(current);
    return () => observer.disconnect();
  }, [areSeen]);
  useEffect(() => {
    if (!areSeen || drawing) return;
    // Where it cannot be fetched, the next figures are another occasion.
    import('./chart.js').then(
      ({ Chart }) => setDrawing({ Chart }),
      () => undefined,
    );
  }, [areSeen, drawing, history]);
  return (
    <section ref={place} aria-labelledby="charts">
      <div class="title">
        <h2 id="charts">Figures</h2>
        <p class="soft">
          {atMs !== null && (
            <>
              at <TimeText at={atMs} nowMs={nowMs} />
              {nearWords(marks, atMs, limits)}
            </>
          )}
          {atMs === null && letters.map((letter) => `${letter}: ${MARK_WORDS[letter]}`).join(' · ')}
        </p>
      </div>
      {history === null ? (
        <p class="soft">{error ?? 'Loading …'}</p>
      ) : (
        <div class="charts">
          {CHARTS.filter(({ lines }) => lines.some(({ series }) => series in history.series)).map((spec) =>
            drawing && hasFigures(history) ? (
              <drawing.Chart
                key={spec.title}
                spec={spec}
                history={history}
                limits={limits}
                pointed={pointed}
                marks={marks}
                zoom={zoom}
                press={press}
              />
            ) : (
              <div key={spec.title} class="chart" />
            ),
          )}
        </div>
      )}
    </section>
  );
}

/** Without them there is a place for each chart, so that nothing moves when they come. */
function hasFigures({ series, times }: HistoryDocument): boolean {
  return times.length === 0 || Object.values(series).some(({ mean }) => mean.length > 0);
}
