/**
 * The shape of what is told of the course of things: the status since when, what was measured, what happened.
 */
import { exactly, listOf, MOMENT, schemaRef, textOrNull, type Schema } from './schema.js';

function moment(description: string): Schema {
  return { type: 'string', format: 'date-time', pattern: MOMENT, description };
}

const figures = (description: string): Schema =>
  listOf({ type: ['number', 'null'] }, `${description} \`null\` where nothing was measured.`);

const course = (description: string): Schema => ({ description, oneOf: [schemaRef('Course')] });

/** All of them, by name. */
export const JOURNAL_SCHEMAS = {
  PublicStatus: exactly('How things stand, for anybody.', {
    status: schemaRef('Status'),
    since: moment('Since when the status is what it is, as far as this process knows.'),
    database: { type: 'boolean', description: 'Whether the database answers.' },
    cache: { type: 'boolean', description: 'Whether the cache answers.' },
    checked_at: textOrNull('When either was last looked at.', MOMENT),
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
    times: listOf({ type: 'integer' }, 'Begin of each step, seconds since 1970.'),
    status: listOf(
      { type: ['string', 'null'], description: '`healthy`, `degraded` or `unhealthy`.' },
      'The worst in each step. `null` while nobody looked.',
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
    details: {
      type: 'object',
      description: 'What else is known: `end` of a run (`stopped` or `lost`), counts of files, a cause.',
      additionalProperties: true,
    },
  }),
} as const satisfies Record<string, Schema>;
