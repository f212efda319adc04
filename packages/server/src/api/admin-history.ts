/** `GET /v1/admin/history`: what was measured, in steps. */
import type { HistoryPage } from '../monitoring/history/history-store.js';
import { parseHistoryQuery, parseRange } from '../monitoring/history/history-query.js';
import { choiceParameter, timeParameter, wholeNumberParameter } from './parameters.js';
import { statusSchema } from './report-schema.js';
import { defineRoute } from './route.js';
import {
  dateTimeMs,
  described,
  exactly,
  integer,
  listOf,
  MOMENT,
  named,
  nonNegativeInteger,
  orNull,
  textOrNull,
} from './schema.js';

/** Samples are an interval ± 10 % apart. A step is longer than that, so that it holds at least one. */
const STEP_INTERVALS = 1.5;
const LONGEST_STEP_S = 366 * 86_400;
const FIGURES = ['all', 'none'] as const;

function figures(description: string) {
  return listOf({ type: ['number', 'null'] }, `${description} \`null\` where nothing was measured.`);
}

const series = named(
  'Series',
  exactly('One figure over time.', {
    minimum: figures('The least of each step.'),
    mean: figures('The mean of each step.'),
    maximum: figures('The greatest of each step.'),
  }),
);

const percentiles = named(
  'Percentiles',
  exactly('How long all but the slowest took, over time.', {
    p50: figures('What half of each step were no slower than.'),
    p95: figures('What 95 % were no slower than.'),
    p99: figures('What 99 % were no slower than.'),
  }),
);

function shares(description: string) {
  return listOf(
    { type: ['number', 'null'] },
    `${description} 0 to 1; \`null\` for a step that has not begun.`,
  );
}

const totals = exactly(
  'True sums of the time that was asked for: of stretches to the millisecond, never of steps.',
  {
    from: dateTimeMs('As asked for, and not the begin of a step.'),
    to: dateTimeMs('As asked for; now, where that is in the future.'),
    healthy_ms: nonNegativeInteger('Of this status.'),
    degraded_ms: nonNegativeInteger('Of this status.'),
    unhealthy_ms: nonNegativeInteger('Of this status.'),
    unmeasured_ms: nonNegativeInteger('While nobody looked, also because the service did not run.'),
    complete_from: textOrNull('Since when there are sums; `null` while there are none.', MOMENT),
    exact_from: textOrNull('Before it the sums are kept by the quarter of an hour.', MOMENT),
  },
);

export const historySchema = named(
  'History',
  exactly(
    'What was measured, in steps of one length, in columns: place by place one step; empty where they were not asked for.',
    {
      from: dateTimeMs('Begin of the first step.'),
      to: dateTimeMs('End of the last step.'),
      step_seconds: integer(
        'Length of a step; longer than asked for where there would be more than 2,000, or nothing so fine.',
        { minimum: 1 },
      ),
      gap_seconds: {
        type: 'number',
        description:
          'Where nothing is known for longer nobody looked; looks are further apart while all is well.',
      },
      times: listOf({ type: 'integer' }, 'Begin of each step, seconds since 1970.'),
      status: listOf(
        orNull(statusSchema, 'Of a step.'),
        'The worst in each step, for however short a time. `null` while nobody looked.',
      ),
      series: exactly('The figures.', {
        database_latency_ms: described(series, 'Milliseconds of the looks at the database.'),
        cache_latency_ms: described(series, 'Milliseconds of the looks at the cache.'),
        pool_checked_in: described(series, 'Idle connections of the pool.'),
        pool_checked_out: described(series, 'Connections of the pool in use.'),
        pool_waiting: described(series, 'Callers who wait for a connection of the pool.'),
        cache_hit_rate: described(series, 'Percent.'),
        cache_memory_usage_bytes: described(series, 'Memory that the cache uses.'),
        cache_connected_clients: described(series, 'Clients connected to the cache.'),
        cache_commands_per_second: described(series, 'Commands that the cache carried out, a second.'),
      }),
      percentiles: exactly(
        'Of latencies: exact within the last hour, else to 5 %. `null` also before this was kept.',
        {
          database_latency_ms: described(percentiles, 'Milliseconds of the looks at the database.'),
          cache_latency_ms: described(percentiles, 'Milliseconds of the looks at the cache.'),
        },
      ),
      share: exactly('What share of each step each status took.', {
        healthy: shares('Of this status.'),
        degraded: shares('Of this status.'),
        unhealthy: shares('Of this status.'),
        unmeasured: shares('While nobody looked.'),
      }),
      totals,
    },
  ),
);

export const adminHistoryRoute = defineRoute({
  path: '/v1/admin/history',
  method: 'GET',
  guard: { level: 'admin', allowFallback: true, machines: true },
  cache: 'noStore',
  contentType: 'application/json',
  docs: {
    id: 'adminHistory',
    tag: 'History',
    summary: 'What was measured',
    description:
      'Every look for an hour, minutes for 30 days, hours for a year. At most 2,000 steps. `status` has the worst of each ' +
      'step; for how long it was how is in `totals` and `share`.',
  },
  query: {
    from: timeParameter('Begin; default: a quarter of an hour before `to`.'),
    to: timeParameter('End; default: now.'),
    totals_from: timeParameter(
      'Begin of the time that `totals` sums, for who has the steps before `from` already; default: `from`.',
    ),
    step: wholeNumberParameter('Wanted length of a step in seconds; default: one that makes some hundreds.', {
      minimum: 1,
      maximum: LONGEST_STEP_S,
    }),
    figures: choiceParameter(
      FIGURES,
      'Which columns: `none` has the times, the status and the totals, a tenth of the bytes; default: `all`.',
    ),
  },
  answers: {
    200: {
      description: 'From a file of the service’s own; so also while the stores are down.',
      schema: historySchema,
    },
  },
  async handler({
    query: { from: fromMs, to: toMs, totals_from: totalsFromMs, step, figures: asks },
    services,
  }) {
    const asked = { fromMs, toMs, stepSeconds: step };
    const nowMs = Date.now();
    const plan = parseHistoryQuery(asked, nowMs, services.intervalMs * STEP_INTERVALS);
    const { from, to, step_seconds, ...read } = await services.history.read(
      plan,
      parseRange({ ...asked, fromMs: totalsFromMs ?? fromMs }, nowMs),
    );
    const columns = asks === 'none' ? withoutFigures(read) : read;
    return { from, to, step_seconds, gap_seconds: services.gapMs / 1_000, ...columns };
  },
});

/** The same document, in which all columns of figures are empty. */
function withoutFigures<Columns extends Pick<HistoryPage, 'series' | 'percentiles' | 'share'>>(
  columns: Columns,
): Columns {
  return {
    ...columns,
    series: emptiedEach(columns.series),
    percentiles: emptiedEach(columns.percentiles),
    share: emptied(columns.share),
  };
}

function emptiedEach<Group extends Readonly<Record<string, object>>>(group: Group): Group {
  return Object.fromEntries(Object.entries(group).map(([name, one]) => [name, emptied(one)])) as Group;
}

function emptied<Lists extends object>(lists: Lists): Lists {
  return Object.fromEntries(Object.keys(lists).map((name) => [name, []])) as unknown as Lists;
}
