/** How uPlot draws: quiet, in the colours of the page, with gaps hatched. */
import type uPlot from 'uplot';
import type { Moments } from '../copy/time.js';
import type { ChartSpec } from './chart-specs.js';
import { aloneOf, gapsOf } from './data.js';
import { drawMarks, drawOutliers } from './draw-notes.js';
import type { ChartMark } from './marks.js';
import { axisEnd } from './outliers.js';

export interface DrawingOptions {
  readonly limits: () => { readonly fromMs: number; readonly toMs: number };
  readonly onPoint: (atMs: number | null) => void;
  /** Pressed and let go at one place: a drag is none. */
  readonly onPress: (atMs: number) => void;
  readonly onZoom: (fromMs: number, toMs: number) => void;
  readonly step: () => number;
  readonly moments: Moments;
  readonly marks: () => readonly ChartMark[];
}

const HEIGHT = 130;
const LEAST_WIDTH = 200;
/** One key for all: the cursor of each is that of all. */
const SYNC = 'time';

export function chartOptions(spec: ChartSpec, element: HTMLElement, drawing: DrawingOptions): uPlot.Options {
  const color = (name: string): string => getComputedStyle(element).getPropertyValue(name).trim();
  const axis = {
    stroke: color('--soft'),
    grid: { stroke: color('--line'), width: 1 },
    ticks: { show: false },
  };
  const font = `12px ${getComputedStyle(element).fontFamily}`;
  return {
    width: Math.max(LEAST_WIDTH, element.clientWidth),
    height: HEIGHT,
    legend: { show: false },
    cursor: {
      sync: { key: SYNC },
      y: false,
      points: { size: 6 },
      drag: { x: true, y: false, setScale: false },
    },
    scales: {
      x: {
        time: true,
        range: () => [drawing.limits().fromMs / 1_000, drawing.limits().toMs / 1_000],
      },
      y: { range: (plot) => [0, axisEnd(plot.data, spec.atLeast)] },
    },
    axes: [
      {
        ...axis,
        font,
        size: 28,
        space: 70,
        values: (plot, splits) => timeWords(plot, splits, drawing.moments),
      },
      {
        ...axis,
        font,
        size: 62,
        space: 36,
        values: (_plot, splits) => splits.map((value) => spec.word(value)),
      },
    ],
    bands: spec.lines.map((_line, index) => ({
      series: [3 * index + 2, 3 * index + 1],
      fill: color(`--band-${index}`),
    })),
    series: [
      {},
      ...spec.lines.flatMap(({ dash }, index) => {
        const edge = { stroke: 'transparent', width: 0, points: { show: false } };
        const stroke = color(`--line-${index}`);
        return [
          edge,
          edge,
          { stroke, width: 1.75, dash: [...dash], points: { show: false, filter: pointsAlone } },
        ];
      }),
    ],
    hooks: {
      ready: [
        (plot) =>
          plot.over.addEventListener('click', ({ offsetX }) =>
            drawing.onPress(plot.posToVal(offsetX, 'x') * 1_000),
          ),
      ],
      drawClear: [(plot) => hatchGaps(plot, color('--hatch'), drawing.step())],
      draw: [
        (plot) => drawMarks(plot, drawing.marks(), color('--ink')),
        (plot) => drawOutliers(plot, spec, (line) => color(`--line-${line}`)),
      ],
      setCursor: [
        (plot) => {
          const { left } = plot.cursor;
          if (!plot.cursor.event) return;
          drawing.onPoint(left === undefined || left < 0 ? null : plot.posToVal(left, 'x') * 1_000);
        },
      ],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          // The others follow the one that was dragged.
          if (width < 8 || !plot.cursor.event) return;
          drawing.onZoom(plot.posToVal(left, 'x') * 1_000, plot.posToVal(left + width, 'x') * 1_000);
          plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
        },
      ],
    },
  };
}

/** A value between two gaps is no line, and must be seen as well. */
function pointsAlone(plot: uPlot, series: number): number[] | null {
  const alone = aloneOf([...(plot.data[series] ?? [])]);
  return alone.length === 0 ? null : alone;
}

function hatchGaps(plot: uPlot, color: string, step: number): void {
  const { ctx, bbox, data, scales } = plot;
  const { min, max } = scales['x'] ?? {};
  if (typeof min !== 'number' || typeof max !== 'number') return;
  ctx.save();
  ctx.strokeStyle = color;
  ctx.lineWidth = 2;
  for (const [from, to] of gapsOf(data, min, max, step)) {
    const left = Math.max(bbox.left, plot.valToPos(from, 'x', true));
    const right = Math.min(bbox.left + bbox.width, plot.valToPos(to, 'x', true));
    if (right - left < 2) continue;
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, bbox.top, right - left, bbox.height);
    ctx.clip();
    ctx.beginPath();
    for (let at = left - bbox.height; at < right; at += 12) {
      ctx.moveTo(at, bbox.top + bbox.height);
      ctx.lineTo(at + bbox.height, bbox.top);
    }
    ctx.stroke();
    ctx.restore();
  }
  ctx.restore();
}

const DAY_SECONDS = 86_400;

/** In the reader's zone: clock times within some days, dates beyond. */
function timeWords(plot: uPlot, splits: number[], { clock, day }: Moments): string[] {
  const { min = 0, max = 0 } = plot.scales['x'] ?? {};
  const words = (max ?? 0) - (min ?? 0) > 3 * DAY_SECONDS ? day : clock;
  return splits.map((second) => words(second * 1_000));
}
