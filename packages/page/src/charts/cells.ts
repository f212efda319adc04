/**
 * Many instances as one picture, a cell each: where each cell is, and how it is drawn. Shape and colour say how the instance
 * is, hollow is gone or not known. A notch in the upper right corner is the source: filled where it differs, hollow where it is not
 * said.
 */
import { stateOfLetter, type CellState } from '../copy/fleet.js';

/** A service and its instances, one letter each: how each is, and its source (`!` differs, `-` is not said; empty: none does). */
export interface CellRow {
  readonly service: string;
  readonly cells: string;
  readonly sources: string;
}

export interface CellLayout {
  /** Of one cell with the space beside it, in CSS pixels. */
  readonly size: number;
  readonly columns: number;
  readonly height: number;
  /** The place of the first cell of each row; places count from left to right, line by line. */
  readonly starts: readonly number[];
}

/** As large as fits into this height, in CSS pixels; the smallest still tells its colour. */
const SIZES = [16, 11, 7, 4];
const HIGHEST = 480;

/** Services follow each other, one place apart. */
export function layoutCells(rows: readonly CellRow[], width: number): CellLayout {
  const starts: number[] = [];
  let place = 0;
  for (const { cells } of rows) {
    starts.push(place);
    place += cells.length + 1;
  }
  const layouts = SIZES.map((size) => {
    const columns = Math.max(1, Math.floor(width / size));
    return { size, columns, height: Math.ceil(Math.max(0, place - 1) / columns) * size, starts };
  });
  const [smallest = NONE] = layouts.slice(-1);
  return layouts.find(({ height }) => height <= HIGHEST) ?? smallest;
}

const NONE: CellLayout = { size: 1, columns: 1, height: 0, starts: [] };

/** What is drawn at a point, in CSS pixels from the upper left. */
export function cellAt(
  rows: readonly CellRow[],
  { size, columns, starts }: CellLayout,
  x: number,
  y: number,
): { readonly service: string; readonly letter: string; readonly source: string } | null {
  const column = Math.floor(x / size);
  if (column < 0 || column >= columns || y < 0) return null;
  const place = Math.floor(y / size) * columns + column;
  const index = starts.findLastIndex((start) => start <= place);
  const row = rows[index];
  const at = place - (starts[index] ?? 0);
  const letter = row?.cells[at];
  return row && letter !== undefined
    ? { service: row.service, letter, source: row.sources[at] ?? '=' }
    : null;
}

/** Colours by the names of the style sheet. */
export type Palette = Readonly<Record<'healthy' | 'degraded' | 'unhealthy' | 'unknown' | 'ink', string>>;

/** @param context - scaled so that a unit is a CSS pixel, and empty */
export function drawCells(
  context: CanvasRenderingContext2D,
  rows: readonly CellRow[],
  layout: CellLayout,
  palette: Palette,
): void {
  const { size, columns, starts } = layout;
  const cell = size - Math.max(1, Math.round(size / 5));
  for (const letter of 'hduxn?g') {
    const { state, mark } = stateOfLetter(letter);
    context.fillStyle = palette[mark === 'gone' ? 'unknown' : mark];
    context.strokeStyle = context.fillStyle;
    context.lineWidth = Math.max(1, size / 10);
    context.beginPath();
    rows.forEach(({ cells }, index) => {
      for (let at = cells.indexOf(letter); at >= 0; at = cells.indexOf(letter, at + 1)) {
        const place = (starts[index] ?? 0) + at;
        trace(context, state, (place % columns) * size, Math.floor(place / columns) * size, cell);
      }
    });
    if (HOLLOW.has(state)) context.stroke();
    else context.fill('evenodd');
  }
  drawNotches(context, rows, layout, palette.ink);
}

/** Cut out of whatever the cell is, so that it shows on a full one too. */
function drawNotches(
  context: CanvasRenderingContext2D,
  rows: readonly CellRow[],
  { size, columns, starts }: CellLayout,
  colour: string,
): void {
  const cell = size - Math.max(1, Math.round(size / 5));
  const notch = Math.max(1, Math.round(cell / 3));
  const gap = size > 7 ? 1 : 0;
  context.fillStyle = colour;
  context.strokeStyle = colour;
  context.lineWidth = 1;
  rows.forEach(({ sources }, index) => {
    for (const [at, source] of Array.from(sources).entries()) {
      if (source === '=') continue;
      const place = (starts[index] ?? 0) + at;
      const [x, y] = [(place % columns) * size + cell - notch, Math.floor(place / columns) * size];
      context.clearRect(x - gap, y, notch + gap, notch + gap);
      if (source === '!') context.fillRect(x, y, notch, notch);
      else if (notch > 2) context.strokeRect(x + 0.5, y + 0.5, notch - 1, notch - 1);
    }
  });
}

const HOLLOW: ReadonlySet<CellState> = new Set(['new', 'unknown', 'gone']);

function trace(
  context: CanvasRenderingContext2D,
  state: CellState,
  x: number,
  y: number,
  size: number,
): void {
  const half = size / 2;
  if (state === 'healthy' || state === 'new' || state === 'unknown') {
    const radius = HOLLOW.has(state) ? half - 1 : half;
    context.moveTo(x + half + radius, y + half);
    context.arc(x + half, y + half, radius, 0, 2 * Math.PI);
  } else if (state === 'degraded') {
    context.moveTo(x + half, y);
    context.lineTo(x + size, y + size);
    context.lineTo(x, y + size);
    context.closePath();
  } else if (state === 'gone') context.rect(x + 1, y + 1, size - 2, size - 2);
  else {
    context.rect(x, y, size, size);
    // No response: a square with a bar that is left out.
    if (state === 'unreachable') context.rect(x + size / 5, y + half - size / 8, (3 * size) / 5, size / 4);
  }
}
