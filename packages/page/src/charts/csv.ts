/** What a chart shows, as a table for other programs. */
import type { HistoryDocument } from 'portal-server/api';
import type { ChartSpec } from './chart-specs.js';
import { lineValues, seriesOf } from './data.js';

/** Times in ISO 8601, UTC; numbers with a point; empty is what was not measured. Lines end as RFC 4180 has it. */
export function csvOf({ lines }: ChartSpec, history: HistoryDocument): string {
  const figures = [...new Set(lines.map(({ series }) => series))].flatMap((series) =>
    (['mean', 'minimum', 'maximum'] as const).map((name) => ({
      title: `${series}_${name}`,
      values: seriesOf(history, series)?.[name] ?? [],
    })),
  );
  const percentiles = lines.flatMap((line) =>
    line.percentile === undefined
      ? []
      : [{ title: `${line.series}_${line.percentile}`, values: lineValues(history, line) ?? [] }],
  );
  const columns = [...figures, ...percentiles];
  const rows = history.times.map((second, index) => [
    new Date(second * 1_000).toISOString(),
    ...columns.map(({ values }) => String(values[index] ?? '')),
  ]);
  return [['time', ...columns.map(({ title }) => title)], ...rows]
    .map((row) => `${row.join(',')}\r\n`)
    .join('');
}

/** Hands a file to the browser, as a download. */
export function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
