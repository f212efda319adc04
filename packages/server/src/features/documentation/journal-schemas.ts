/**
 * The shape of what is told of the course of things: the status since when, what was measured, what happened.
 */
import { exactly, MOMENT, schemaRef, textOrNull, type Schema } from './schema.js';

function moment(description: string): Schema {
  return { type: 'string', format: 'date-time', pattern: MOMENT, description };
}

/** All of them, by name. */
export const JOURNAL_SCHEMAS = {
  PublicStatus: exactly('How things stand, for anybody.', {
    status: schemaRef('Status'),
    since: moment('Since when the status is what it is, as far as this process knows.'),
    database: { type: 'boolean', description: 'Whether the database answers.' },
    cache: { type: 'boolean', description: 'Whether the cache answers.' },
    checked_at: textOrNull('When either was last looked at.', MOMENT),
  }),
} as const satisfies Record<string, Schema>;
