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
  /** What stands above them is still to come. */
  readonly isWaiting: boolean;
  /** Whether they are on the screen, or were. */
  readonly areSeen: boolean;
  readonly see: () => void;
}

const STAYS_MS = 300;

export function Charts({
  history: { history, error },
  limits,
  pointed,
  marks,
  zoom,
  nowMs,
  press,
  isWaiting,
  areSeen,
  see,
}: ChartsProps): JSX.Element {
  const { atMs } = useStore(pointed);
  const letters = (Object.keys(MARK_WORDS) as ChartMark['letter'][]).filter((letter) =>
    marks.some((mark) => mark.letter === letter && mark.atMs >= limits.fromMs && mark.atMs <= limits.toMs),
  );
  const [drawing, setDrawing] = useState<{ readonly Chart: ComponentType<ChartProps> }>();
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const { current } = place;
    if (areSeen || isWaiting || !current) return undefined;
    // What arrives above pushes them down: seen is what stays on the screen.
    let staying: ReturnType<typeof setTimeout> | undefined;
    const observer = new IntersectionObserver((entries) => {
      clearTimeout(staying);
      if (entries.at(-1)?.isIntersecting === true) staying = setTimeout(see, STAYS_MS);
    });
    observer.observe(current);
    return () => {
      clearTimeout(staying);
      observer.disconnect();
    };
  }, [areSeen, isWaiting]);
  useEffect(() => {
    if (!areSeen || drawing) return;
    // Where it cannot be fetched, the next figures are another occasion.
    import('./chart.js').then(
      ({ Chart }) => setDrawing({ Chart }),
      () => undefined,
    );
  }, [areSeen, drawing, history]);
  return (
    <section aria-labelledby="charts">
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
      <div ref={place}>
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
      </div>
    </section>
  );
}

/** Without them there is a place for each chart, so that nothing moves when they come. */
function hasFigures({ series, times }: HistoryDocument): boolean {
  return times.length === 0 || Object.values(series).some(({ mean }) => mean.length > 0);
}
