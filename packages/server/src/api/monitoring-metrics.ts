/** What tells whoever watches the watcher that it moves: for administrators and machine tokens. */
import type { MonitoringFigures } from '../monitoring/monitoring.js';

/** @param checkedAt - of the last poll, milliseconds since 1970; `null`: nothing is polled */
export function monitoringMetrics(
  { notifications, oldestMessageAt, failedWrites }: MonitoringFigures,
  checkedAt: number | null,
  { nowMs, isOpenMetrics }: { readonly nowMs: number; readonly isOpenMetrics: boolean },
): readonly string[] {
  const metric = isOpenMetrics ? openMetric : plainMetric;
  return [
    ...metric(
      'portal_notifications_total',
      'counter',
      'Attempts to notify a receiver, by what became of them.',
      notifications.map(({ receiver, result, count }) => [
        `receiver="${receiver}",result="${result}"`,
        count,
      ]),
    ),
    ...metric(
      'portal_notification_oldest_seconds',
      'gauge',
      'How long the oldest message waits for its receiver; 0 when none does.',
      [['', oldestMessageAt === null ? 0 : secondsSince(oldestMessageAt, nowMs)]],
    ),
    ...metric(
      'portal_fleet_last_poll_age_seconds',
      'gauge',
      'How long ago the last poll of the fleet was answered or timed out.',
      checkedAt === null ? [] : [['', secondsSince(checkedAt, nowMs)]],
    ),
    ...metric('portal_history_failed_writes_total', 'counter', 'Writes that the disk refused.', [
      ['file="history"', failedWrites.history],
      ['file="fleet"', failedWrites.fleet],
    ]),
  ];
}

/** In OpenMetrics a counter is named without `_total`, which its samples have. */
const openMetric: typeof plainMetric = (name, type, help, samples) => {
  const [first = '', second = '', ...lines] = plainMetric(name, type, help, samples);
  const bare = name.replace(/_total$/, '');
  return [first.replace(name, bare), second.replace(name, bare), ...lines];
};

function plainMetric(
  name: string,
  type: 'counter' | 'gauge',
  help: string,
  samples: readonly (readonly [labels: string, value: number])[],
): readonly string[] {
  return [
    `# TYPE ${name} ${type}`,
    `# HELP ${name} ${help}`,
    ...samples.map(([labels, value]) => `${name}${labels && `{${labels}}`} ${value}`),
  ];
}

function secondsSince(ms: number, nowMs: number): number {
  return Math.max(0, (nowMs - ms) / 1_000);
}
