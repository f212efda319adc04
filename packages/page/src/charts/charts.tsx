/** All charts, on one time axis. The code that draws them is fetched only by users who see them. */
import type { ComponentType, JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Pointed, Store } from '../state-container.js';
import { CHARTS } from './chart-specs.js';
import type { ChartProps } from './chart.js';
import type { HistoryState } from './use-history.js';

export interface ChartsProps {
  readonly history: HistoryState;
  readonly limits: { readonly fromMs: number; readonly toMs: number };
  readonly pointed: Store<Pointed>;
  readonly zoom: (fromMs: number, toMs: number) => void;
}

export function Charts({ history: { history, error }, limits, pointed, zoom }: ChartsProps): JSX.Element {
  const [drawing, setDrawing] = useState<{ readonly Chart: ComponentType<ChartProps> }>();
  useEffect(() => {
    void import('./chart.js').then(({ Chart }) => setDrawing({ Chart }));
  }, []);
  return (
    <section aria-labelledby="charts">
      <h2 id="charts">Figures</h2>
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
