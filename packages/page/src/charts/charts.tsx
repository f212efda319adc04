/** All charts, on one time axis. The code that draws them is fetched only by users who see them. */
import type { ComponentType, JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
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
}

export function Charts({
  history: { history, error },
  limits,
  pointed,
  marks,
  zoom,
  nowMs,
}: ChartsProps): JSX.Element {
  const { atMs } = useStore(pointed);
  const letters = (Object.keys(MARK_WORDS) as ChartMark['letter'][]).filter((letter) =>
    marks.some((mark) => mark.letter === letter && mark.atMs >= limits.fromMs && mark.atMs <= limits.toMs),
  );
  const [drawing, setDrawing] = useState<{ readonly Chart: ComponentType<ChartProps> }>();
  useEffect(() => {
    void import('./chart.js').then(({ Chart }) => setDrawing({ Chart }));
  }, []);
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
      {history === null ? (
        <p class="soft">{error ?? 'Loading …'}</p>
      ) : (
        <div class="charts">
          {CHARTS.filter(({ lines }) => lines.some(({ series }) => series in history.series)).map((spec) =>
            drawing ? (
              <drawing.Chart
                key={spec.title}
                spec={spec}
                history={history}
                limits={limits}
                pointed={pointed}
                marks={marks}
                zoom={zoom}
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
