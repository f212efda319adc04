/**
 * Metrics in the text formats of OpenMetrics 1.0 and of Prometheus 0.0.4.
 */
import type { HealthSnapshot } from '../../report.js';
import type { Status } from '../../types.js';
import { metricsOf, sampleNameOf, type AdminView, type Metric } from './metrics.js';

/** Which of the two formats; they differ in the names of counters, in units, and in the end of the text. */
export type MetricsFormat = 'openmetrics' | 'prometheus';

/**
 * The metrics of `facts`, whose verdict is `status`.
 *
 * @param ofAdmin - given for administrators and machine tokens, who see more
 */
export function metricsText(
  facts: HealthSnapshot,
  status: Status,
  format: MetricsFormat,
  ofAdmin?: AdminView,
): string {
  const lines = metricsOf(facts, status, ofAdmin).flatMap((metric) => linesOf(metric, format));
  if (format === 'openmetrics') lines.push('# EOF');
  return `${lines.join('\n')}\n`;
}

function linesOf(metric: Metric, format: MetricsFormat): string[] {
  const { name, type, unit, help, samples } = metric;
  const measured = samples.filter(([, value]) => value !== null);
  if (measured.length === 0) return [];
  const sampleName = sampleNameOf(metric);
  const isOpen = format === 'openmetrics';
  // OpenMetrics names the family, Prometheus the sample, and knows no info.
  const family = isOpen ? name : sampleName;
  return [
    `# TYPE ${family} ${type === 'info' && !isOpen ? 'gauge' : type}`,
    ...(unit && isOpen ? [`# UNIT ${family} ${unit}`] : []),
    `# HELP ${family} ${help}`,
    ...measured.map(
      ([labels, value, suffix = '']) => `${sampleName}${suffix}${labelText(labels)} ${String(value)}`,
    ),
  ];
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length > 0 ? `{${pairs.join(',')}}` : '';
}

/** Names of services are the application's own words. */
function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
