/**
 * The shape of what is told of the course of things: the status since when, what was measured, what happened.
 */
import { exactly, listOf, MOMENT, schemaRef, textOrNull, type Schema } from './schema.js';

function moment(description: string): Schema {
  return { type: 'string', format: 'date-time', pattern: MOMENT, description };
}

const figures = (description: string): Schema =>
  listOf({ type: ['number', 'null'] }, `${description} \`null\` where nothing was measured.`);

const shares = (description: string): Schema =>
  listOf({ type: ['number', 'null'] }, `${description} 0 to 1; \`null\` for a step that has not begun.`);

const milliseconds = (description: string): Schema => ({ type: 'integer', minimum: 0, description });

const COMPONENT = 'What it was found at: `database`, `cache`, the name of a check, `source` or `process`.';

const course = (description: string): Schema => ({ description, oneOf: [schemaRef('Course')] });

/** All of them, by name. */
export const JOURNAL_SCHEMAS = {
  PublicStatus: exactly('How things stand, for anybody.', {
    status: schemaRef('Status'),
    since: moment('Since when the status is what it is, also from before a start of this process.'),
    database: { type: 'boolean', description: 'Whether the database answers.' },
    cache: { type: 'boolean', description: 'Whether the cache answers.' },
    causes: listOf(schemaRef('HeldCause'), 'What is wrong: the codes that `GET /health` names.'),
    checked_at: textOrNull('When either was last looked at.', MOMENT),
    codes_delivered: {
      type: 'boolean',
      description:
        'Whether who asks for a one-time code is sent one; else only whoever runs the service makes codes.',
    },
  }),
  HeldCause: exactly('A cause that holds.', {
    component: { type: 'string', description: COMPONENT },
    code: { type: 'string', description: 'Code of the catalogue.' },
    since: moment('Since when it holds.'),
  }),
  History: exactly('What was measured, in steps of one length, in columns: place by place one step.', {
    from: moment('Begin of the first step.'),
    to: moment('End of the last step.'),
    step_seconds: {
      type: 'integer',
      minimum: 1,
      description:
        'Length of a step; longer than asked for where there would be more than 2,000, or nothing so fine.',
    },
    gap_seconds: {
      type: 'number',
      description:
        'Where nothing is known for longer nobody looked; looks are further apart while all is well.',
    },
    times: listOf({ type: 'integer' }, 'Begin of each step, seconds since 1970.'),
    status: listOf(
      { type: ['string', 'null'], description: '`healthy`, `degraded` or `unhealthy`.' },
      'The worst in each step, for however short a time. `null` while nobody looked.',
    ),
    series: exactly('The figures.', {
      database_latency_ms: course('Milliseconds of the looks at the database.'),
      cache_latency_ms: course('Milliseconds of the looks at the cache.'),
      pool_checked_in: course('Idle connections of the pool.'),
      pool_checked_out: course('Connections of the pool in use.'),
      pool_waiting: course('Callers who wait for a connection of the pool.'),
      cache_hit_rate: course('Percent.'),
      cache_memory_usage_bytes: course('Memory that the cache uses.'),
      cache_connected_clients: course('Clients connected to the cache.'),
      cache_commands_per_second: course('Commands that the cache carried out, a second.'),
    }),
    share: exactly('What share of each step each status took.', {
      healthy: shares('Of this status.'),
      degraded: shares('Of this status.'),
      unhealthy: shares('Of this status.'),
      unmeasured: shares('While nobody looked.'),
    }),
    totals: exactly(
      'True sums of the time that was asked for: of stretches to the millisecond, never of steps.',
      {
        from: moment('As asked for, and not the begin of a step.'),
        to: moment('As asked for; now, where that is in the future.'),
        healthy_ms: milliseconds('Of this status.'),
        degraded_ms: milliseconds('Of this status.'),
        unhealthy_ms: milliseconds('Of this status.'),
        unmeasured_ms: milliseconds('While nobody looked, also because the service did not run.'),
        complete_from: textOrNull('Since when there are sums; `null` while there are none.', MOMENT),
        exact_from: textOrNull('Before it the sums are kept by the hour.', MOMENT),
      },
    ),
  }),
  Course: exactly('One figure over time.', {
    minimum: figures('The least of each step.'),
    mean: figures('The mean of each step.'),
    maximum: figures('The greatest of each step.'),
  }),
  Events: exactly('What happened.', {
    events: listOf(schemaRef('Event'), 'The latest first.'),
    next: {
      type: ['integer', 'null'],
      description: 'What to ask as `before` for those that follow; `null` when there are none.',
    },
  }),
  Event: exactly('Something that happened.', {
    id: { type: 'integer', minimum: 1, description: 'Later events have greater ones.' },
    kind: {
      type: 'string',
      enum: ['status', 'integrity', 'service', 'history', 'alert'],
      description:
        'A stretch of one status; changes of the source without a pause; a run of the service; the history itself; the ' +
        'delivery of alerts.',
    },
    began_at: moment('Begin.'),
    ended_at: textOrNull('End; `null` while it goes on.', MOMENT),
    from: textOrNull('Of a status: the one before.'),
    to: textOrNull(
      'Of a status: this one. Of others: `changed`, `put_back`, `unreadable`; `running`; `damaged`, `not_kept`, ' +
        '`not_written`; `given_up`.',
    ),
    codes: listOf({ type: 'string' }, 'Codes of the catalogue that held in it.'),
    since: textOrNull(
      'Of a status: since when it has been so; before `began_at` where it goes on after a time that was not measured.',
      MOMENT,
    ),
    causes: listOf(
      exactly('A cause, from its own begin to its own end.', {
        component: { type: 'string', description: COMPONENT },
        code: { type: 'string', description: 'Code of the catalogue.' },
        began_at: moment('Begin.'),
        ended_at: textOrNull('End; `null` while it goes on.', MOMENT),
      }),
      'Of a status: what held in it. Of very many the latest.',
    ),
    details: {
      type: 'object',
      description:
        'What else is known: `end` of a run (`stopped` or `lost`), counts of files, a cause, by how much a clock was set.',
      additionalProperties: true,
    },
  }),
} as const satisfies Record<string, Schema>;
