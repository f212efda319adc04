/** The history as the columns that uPlot draws. Pure. */
import type { AlignedData } from 'uplot';
import type { History } from '../doors/shapes.js';
import type { ChartSpec } from './catalogue.js';

/** Times; then the least, the most and the mean of each line. */
export function dataOf({ lines }: ChartSpec, { times, series }: History): AlignedData {
  const nothing = times.map(() => null);
  const columns = lines.flatMap((line) => {
    const { minimum, maximum, mean } = series[line.series] ?? {};
    return [[...(minimum ?? nothing)], [...(maximum ?? nothing)], [...(mean ?? nothing)]];
  });
  return [[...times], ...columns];
}

/** The step that ends now is not over, and the one before may be on its way. */
const ON_THEIR_WAY = 3;

/** The index of the moment, or of the latest that is known; times are in seconds. */
export function indexAt({ times, step_seconds, status }: History, atMs: number | null): number {
  if (atMs === null) {
    const known = status.findLastIndex((one) => one !== null);
    return known >= times.length - ON_THEIR_WAY ? known : times.length - 1;
  }
  const at = atMs / 1_000;
  return times.findLastIndex((time) => time <= at && at < time + Math.max(1, step_seconds) * 1.5);
}

/** What a gap is measured by, in seconds. */
export interface Pace {
  /** Of the history. */
  readonly step: number;
  /** So far apart two looks may be without one missing. */
  readonly gap: number;
}

/** Stretches in which no line has a value, in seconds, with the ends of the time that is looked at. */
export function gapsOf(data: AlignedData, from: number, to: number, { step, gap }: Pace): [number, number][] {
  const [times, ...columns] = data;
  const gaps: [number, number][] = [];
  let known = from;
  times.forEach((time, index) => {
    if (!columns.some((column) => column[index] !== null && column[index] !== undefined)) return;
    if (time - known > Math.max(2.5 * step, gap)) gaps.push([known, time]);
    known = time;
  });
  if (to - known > Math.max(4 * step, gap)) gaps.push([known, to]);
  return gaps;
}

/** Values with none beside them that is near enough for a line, by their index. */
export function aloneOf(times: readonly number[], column: readonly unknown[], { step, gap }: Pace): number[] {
  const known = [...column.keys()].filter((index) => typeof column[index] === 'number');
  const isFar = (one: number | undefined, other: number | undefined): boolean =>
    one === undefined ||
    other === undefined ||
    Math.abs((times[one] ?? 0) - (times[other] ?? 0)) > Math.max(1.5 * step, gap);
  return known.filter((index, place) => isFar(known[place - 1], index) && isFar(index, known[place + 1]));
}
