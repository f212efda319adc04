/** Where an axis ends so that one slow answer does not flatten a day: what lies beyond is marked at its edge. Pure. */
import type { AlignedData } from 'uplot';

/** The part of what is shown that stays below the end, and by how much the rest must lie beyond to be cut off. */
const NEARLY_ALL = 0.99;
const FAR = 2;

/** @param data - times; then least, most and value of each line */
export function axisEnd(data: AlignedData, atLeast: number): number {
  const values = maximaOf(data)
    .flatMap((column) => Array.from(column))
    .filter((value) => typeof value === 'number')
    .toSorted((a, b) => a - b);
  const most = values.at(-1) ?? 0;
  const nearly = values[Math.floor(NEARLY_ALL * (values.length - 1))] ?? 0;
  const isFlattened = most > FAR * Math.max(nearly, atLeast);
  return Math.max(atLeast, (isFlattened ? nearly : most) * 1.05);
}

export interface Outlier {
  /** Seconds since 1970. */
  readonly second: number;
  readonly value: number;
  /** Index of the line. */
  readonly line: number;
}

/** What lies beyond `end`, the farthest first. */
export function outliersOf(data: AlignedData, end: number): readonly Outlier[] {
  const [times] = data;
  return maximaOf(data)
    .flatMap((column, line) =>
      [...column].flatMap((value, index) =>
        typeof value === 'number' && value > end ? [{ second: times[index] ?? 0, value, line }] : [],
      ),
    )
    .toSorted((one, other) => other.value - one.value);
}

function maximaOf([, ...columns]: AlignedData): readonly AlignedData[number][] {
  return columns.filter((_, index) => index % 3 === 1);
}
