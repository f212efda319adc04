/** What is written into a chart: marks of what happened, and values beyond the end of the axis. */
import type uPlot from 'uplot';
import type { ChartSpec } from './chart-specs.js';
import type { ChartMark } from './marks.js';
import { outliersOf } from './outliers.js';

const FONT_SIZE = 11;
/** Values that stand closer, in CSS pixels, would cover each other: the farther one is written. */
const APART = 64;

export function drawMarks(plot: uPlot, marks: readonly ChartMark[], color: string): void {
  const { ctx, bbox } = plot;
  inside(plot, color, () => {
    ctx.setLineDash([3 * scale(), 3 * scale()]);
    for (const { atMs, letter } of marks) {
      const x = plot.valToPos(atMs / 1_000, 'x', true);
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      ctx.textAlign = x > bbox.left + bbox.width - APART ? 'right' : 'left';
      ctx.fillText(
        ctx.textAlign === 'left' ? ` ${letter}` : `${letter} `,
        x,
        bbox.top + bbox.height - 4 * scale(),
      );
    }
  });
}

/** A triangle at the upper edge, and its value beside it. */
export function drawOutliers(plot: uPlot, { word }: ChartSpec, colorOf: (line: number) => string): void {
  const { ctx, bbox, scales, data } = plot;
  const written: number[] = [];
  for (const { second, value, line } of outliersOf(data, scales['y']?.max ?? Number.POSITIVE_INFINITY)) {
    const x = plot.valToPos(second, 'x', true);
    const size = 4 * scale();
    inside(plot, colorOf(line), () => {
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x + size, bbox.top + 1.6 * size);
      ctx.lineTo(x - size, bbox.top + 1.6 * size);
      ctx.fill();
      if (written.some((other) => Math.abs(other - x) < APART * scale())) return;
      written.push(x);
      const isRight = x > bbox.left + bbox.width / 2;
      ctx.textAlign = isRight ? 'right' : 'left';
      ctx.fillText(word(value), x + (isRight ? -1.5 : 1.5) * size, bbox.top + FONT_SIZE * scale());
    });
  }
}

function inside({ ctx }: uPlot, color: string, draw: () => void): void {
  ctx.save();
  ctx.strokeStyle = color;
  ctx.fillStyle = color;
  ctx.lineWidth = scale();
  ctx.font = `${FONT_SIZE * scale()}px system-ui, sans-serif`;
  draw();
  ctx.restore();
}

/** Pixels of the canvas in one of CSS. */
function scale(): number {
  return devicePixelRatio || 1;
}
