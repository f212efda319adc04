/**
 * One chart: the mean as a line, from least to most as a band; hatched where nothing was measured. Pointing at a moment
 * marks it everywhere, dragging zooms.
 */
import type { JSX } from 'preact';
import { useContext, useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import type { HistoryDocument } from 'portal-server/api';
import { type Pointed, type Store, useStore } from '../state-container.js';
import { NOT_MEASURED, orNotMeasured } from '../copy/numbers.js';
import { MOMENTS } from '../copy/time.js';
import { TimeZone } from '../views/text.js';
import type { ChartSpec } from './chart-specs.js';
import { chartData, indexAt, sampleAt, seriesOf } from './data.js';
import { chartOptions } from './drawing.js';

export interface ChartProps {
  readonly spec: ChartSpec;
  readonly history: HistoryDocument;
  readonly limits: { readonly fromMs: number; readonly toMs: number };
  readonly pointed: Store<Pointed>;
  readonly zoom: (fromMs: number, toMs: number) => void;
}

export function Chart({ spec, history, limits, pointed, zoom }: ChartProps): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const step = history.step_seconds;
  /** The plot outlives a render, and must draw by the latest values. */
  const latest = useRef({ limits, zoom, step });
  latest.current = { limits, zoom, step };
  const { atMs } = useStore(pointed);
  const zone = useContext(TimeZone);

  useEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    const make = (): uPlot => {
      const options = chartOptions(spec, element, {
        limits: () => latest.current.limits,
        onPoint: (pointedMs) => {
          if (pointed.get().atMs !== pointedMs) pointed.change({ atMs: pointedMs });
        },
        onZoom: (fromMs, toMs) => latest.current.zoom(fromMs, toMs),
        step: () => latest.current.step,
        moments: MOMENTS[zone],
      });
      return new uPlot(options, chartData(spec, history), element);
    };
    plot.current = make();
    const again = (): void => {
      plot.current?.destroy();
      plot.current = make();
    };
    const size = new ResizeObserver(() => {
      if (plot.current && element.clientWidth > 0 && element.clientWidth !== plot.current.width) {
        plot.current.setSize({ width: element.clientWidth, height: plot.current.height });
      }
    });
    size.observe(element);
    const night = matchMedia('(prefers-color-scheme: dark)');
    night.addEventListener('change', again);
    return () => {
      size.disconnect();
      night.removeEventListener('change', again);
      plot.current?.destroy();
    };
  }, [spec, zone]);

  useEffect(() => {
    plot.current?.setData(chartData(spec, history), true);
  }, [spec, history]);

  const index = sampleAt(history, indexAt(history, atMs));
  return (
    <figure class="chart" aria-label={`${spec.title}: ${wordsOf(spec, history, index)}`}>
      <figcaption>
        <strong>{spec.title}</strong>
        {spec.lines.map(({ series, name, dash }, line) => (
          <span key={series} class={`line line-${line}`}>
            <svg width="18" height="6" aria-hidden="true">
              <line x1="0" y1="3" x2="18" y2="3" stroke-dasharray={dash.join(' ')} />
            </svg>{' '}
            {name} {orNotMeasured(seriesOf(history, series)?.mean[index], spec.word)}
          </span>
        ))}
      </figcaption>
      <div ref={place} class="plot" aria-hidden="true" />
    </figure>
  );
}

function wordsOf({ lines, word }: ChartSpec, history: HistoryDocument, index: number): string {
  return lines
    .map(({ series, name }) => {
      const value = seriesOf(history, series)?.mean[index];
      return `${name} ${value === null || value === undefined ? NOT_MEASURED : word(value)}`;
    })
    .join(', ');
}
