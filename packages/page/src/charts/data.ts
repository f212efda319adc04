/** The history as the columns that uPlot draws. Pure. */
import type { AlignedData } from 'uplot';
import type { HistoryDocument } from 'portal-server/api';
import type { ChartLine, ChartSpec } from './chart-specs.js';

/**
 * Times; then the lower and the upper edge of the band of each line, and the line. `null` was not measured; `undefined` is a step between two samples,
 * across which the line is drawn.
 */
export function chartData({ lines }: ChartSpec, history: HistoryDocument): AlignedData {
  const { times } = history;
  const between = stepsBetweenSamples(history);
  const nothing = times.map(() => null);
  const columnOf = (values: readonly (number | null)[] = nothing): (number | null | undefined)[] =>
    values.map((value, index) => (between[index] === true ? undefined : value));
  const columns = lines.flatMap((line, index) => {
    const { minimum, maximum } = (hasBand(lines, index) ? seriesOf(history, line.series) : undefined) ?? {};
    return [columnOf(minimum), columnOf(maximum), columnOf(lineValues(history, line))];
  });
  return [[...times], ...columns];
}

/** Lines of one series have one band, which is that of the first. */
export function hasBand(lines: readonly ChartLine[], place: number): boolean {
  return lines.findIndex(({ series }) => series === lines[place]?.series) === place;
}

/** Mean or percentile of each step. */
export function lineValues(
  history: HistoryDocument,
  { series, percentile }: Pick<ChartLine, 'series' | 'percentile'>,
): readonly (number | null)[] | undefined {
  if (percentile === undefined) return seriesOf(history, series)?.mean;
  const { percentiles } = history as Partial<Pick<HistoryDocument, 'percentiles'>>;
  return percentiles?.[series as keyof HistoryDocument['percentiles']]?.[percentile];
}

/** A service older than the page may not have all of them. */
export function seriesOf(
  { series }: HistoryDocument,
  name: keyof HistoryDocument['series'],
): HistoryDocument['series'][typeof name] | undefined {
  return series[name];
}

/** True for a step without a sample where none is missing: while all is well, samples are further apart than steps. */
function stepsBetweenSamples({
  times,
  series,
  gap_seconds: gap,
  step_seconds: step,
}: HistoryDocument): boolean[] {
  const all = Object.values(series);
  const hasSample = times.map((_, index) => all.some(({ mean }) => typeof mean[index] === 'number'));
  const between = times.map(() => false);
  let last = -1;
  for (let index = 0; index <= times.length; index += 1) {
    if (index < times.length && hasSample[index] !== true) continue;
    const end = times[index] ?? (times.at(-1) ?? 0) + step;
    if (last >= 0 && end - (times[last] ?? 0) <= gap) between.fill(true, last + 1, index);
    last = index;
  }
  return between;
}

/** The step whose sample a step shows: its own, or the last one before it if none is missing. */
export function sampleAt(history: HistoryDocument, index: number): number {
  const between = stepsBetweenSamples(history);
  let step = index;
  while (step > 0 && between[step] === true) step -= 1;
  return step;
}

/** The current step is not over, and the one before may still arrive. */
const PENDING_STEPS = 3;

/** The index of the moment, or of the latest that is known; times are in seconds. */
export function indexAt({ times, step_seconds, status }: HistoryDocument, atMs: number | null): number {
  if (atMs === null) {
    const known = status.findLastIndex((one) => one !== null);
    return known >= times.length - PENDING_STEPS ? known : times.length - 1;
  }
  const at = atMs / 1_000;
  return times.findLastIndex((time) => time <= at && at < time + Math.max(1, step_seconds) * 1.5);
}

/** Spans between `from` and `to` in which no line has a value, in seconds. */
export function gapsOf(data: AlignedData, from: number, to: number, step: number): [number, number][] {
  const [times, ...columns] = data;
  const gaps: [number, number][] = [];
  let known = from;
  times.forEach((time, index) => {
    const isKnown = columns.some((column) => typeof column[index] === 'number');
    const isBetween = columns.every((column) => column[index] === undefined);
    if (isKnown && time - known > 2.5 * step) gaps.push([known, time]);
    if (isKnown || isBetween) known = time;
  });
  if (to - known > 4 * step) gaps.push([known, to]);
  return gaps;
}

/** Indexes of values without a neighbour to draw a line to. */
export function aloneOf(column: readonly (number | null | undefined)[]): number[] {
  const drawn = [...column.keys()].filter((index) => column[index] !== undefined);
  const isThere = (index: number | undefined): boolean =>
    index !== undefined && typeof column[index] === 'number';
  return drawn.filter(
    (index, place) => isThere(index) && !isThere(drawn[place - 1]) && !isThere(drawn[place + 1]),
  );
}
