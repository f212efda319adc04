/**
 * One chart: mean or percentiles as lines, from least to most as a band; hatched where nothing was measured. Pointing at a moment
 * marks it everywhere, dragging zooms.
 */
import type { JSX } from 'preact';
import { useContext, useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import type { HistoryDocument } from 'portal-server/api';
import { type Pointed, type Store, useStore } from '../state-container.js';
import { orNotMeasured } from '../copy/numbers.js';
import { MOMENTS } from '../copy/time.js';
import { TimeZone } from '../views/text.js';
import type { ChartSpec } from './chart-specs.js';
import { chartData, hasBand, indexAt, lineValues, sampleAt, seriesOf } from './data.js';
import { csvOf, download } from './csv.js';
import { chartOptions } from './drawing.js';
import type { ChartMark } from './marks.js';
import { addTouchZoom } from './touch-zoom.js';

export interface ChartProps {
  readonly spec: ChartSpec;
  readonly history: HistoryDocument;
  readonly limits: { readonly fromMs: number; readonly toMs: number };
  readonly pointed: Store<Pointed>;
  readonly marks: readonly ChartMark[];
  readonly zoom: (fromMs: number, toMs: number) => void;
  readonly press: (atMs: number) => void;
}

export function Chart({ spec, history, limits, pointed, marks, zoom, press }: ChartProps): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const step = history.step_seconds;
  /** The plot outlives a render, and must draw by the latest values. */
  const latest = useRef({ limits, zoom, press, step, marks });
  latest.current = { limits, zoom, press, step, marks };
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
        onPress: (atPressed) => latest.current.press(atPressed),
        onZoom: (fromMs, toMs) => latest.current.zoom(fromMs, toMs),
        step: () => latest.current.step,
        moments: MOMENTS[zone],
        marks: () => latest.current.marks,
      });
      const made = new uPlot(options, chartData(spec, history), element);
      addTouchZoom(made, (fromMs, toMs) => latest.current.zoom(fromMs, toMs));
      return made;
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
  }, [spec, history, marks]);

  const index = sampleAt(history, indexAt(history, atMs));
  return (
    <figure class="chart" aria-label={`${spec.title}: ${wordsOf(spec, history, index)}`}>
      <figcaption>
        <strong>{spec.title}</strong>
        {spec.lines.map((one, line) => (
          <span key={one.name} class={`line line-${line}`}>
            <svg width="18" height="6" aria-hidden="true">
              <line x1="0" y1="3" x2="18" y2="3" stroke-dasharray={one.dash.join(' ')} />
            </svg>{' '}
            {one.name} {valueWords(spec, history, line, index)}
          </span>
        ))}
        <button
          type="button"
          aria-label={`CSV of ${spec.title}`}
          onClick={() => download(`${spec.lines[0]?.series ?? 'chart'}.csv`, csvOf(spec, history))}
        >
          CSV
        </button>
      </figcaption>
      <div ref={place} class="plot" aria-hidden="true" />
    </figure>
  );
}

function wordsOf(spec: ChartSpec, history: HistoryDocument, index: number): string {
  return spec.lines.map(({ name }, line) => `${name} ${valueWords(spec, history, line, index)}`).join(', ');
}

/** `1.2 ms (0.8 ms to 5.1 ms)`: the value of a step, and of the first line of a series the least and the most of it where they differ. */
function valueWords(
  { word, lines }: ChartSpec,
  history: HistoryDocument,
  place: number,
  index: number,
): string {
  const line = lines[place];
  if (!line) return '';
  const figures = seriesOf(history, line.series);
  const value = lineValues(history, line)?.[index];
  // Of a history that is older than they are.
  const isKept = line.percentile === undefined || value !== null || figures?.mean[index] === null;
  const words = isKept ? orNotMeasured(value, word) : 'not kept';
  const { minimum, maximum } = figures ?? {};
  const [least, most] = [minimum?.[index], maximum?.[index]];
  if (
    !hasBand(lines, place) ||
    typeof least !== 'number' ||
    typeof most !== 'number' ||
    word(least) === word(most)
  )
    return words;
  return `${words} (${word(least)} to ${word(most)})`;
}
