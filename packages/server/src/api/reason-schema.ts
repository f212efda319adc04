/** Reasons, as several endpoints publish them. */
import { PROBLEMS, REASON_CODES } from 'portal-health';
import { choice, dateTimeMs, exactly, named, nonNegativeInteger, text } from './schema.js';

const problemCodes: readonly string[] = Object.keys(PROBLEMS);

export const reasonFigures = {
  type: 'object',
  description: 'By name, with the unit at its end. `null`: hidden or not measured.',
  additionalProperties: { type: ['number', 'string', 'null'] },
} as const;

export const reasonSchema = named(
  'Reason',
  exactly('Why something is unwell, and who causes it.', {
    code: choice(REASON_CODES, 'Code of the catalogue in docs/reasons.md.'),
    explains: {
      description: 'Code of the problem that holds now and that it explains; `null` when it explains none.',
      oneOf: [{ type: 'string', enum: problemCodes }, { type: 'null' }],
    },
    sentence: text(
      'In words. A name in it is one that can be shown; what is hidden from the service is said to be.',
    ),
    figures: reasonFigures,
    checked_at: dateTimeMs('When it was seen last.'),
    age_ms: nonNegativeInteger('How long ago that is, in milliseconds, by a clock that nobody sets.'),
    next: text('What to do next.'),
  }),
);
