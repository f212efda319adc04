/**
 * What anybody may know of the public services: the public name, the status, times and fixed sentences; no code, instance,
 * host, hash, label or reason.
 */
import { daySumsSchema, rangeSumsSchema } from './healthy-time-schema.js';
import { dateTimeMs, exactly, listOf, MOMENT, named, text, textOrNull, type FromSchema } from './schema.js';

export const OUTAGES_DAYS = 90;
export const MOST_OUTAGES = 50;

const publicServiceSchema = exactly('A public service.', {
  name: text('The public name that the fleet file gives it.'),
  status: text('`healthy`, `degraded`, `unhealthy` or `unknown`.'),
  sentence: text('What that means.'),
  since: dateTimeMs('Since when it is so.'),
  complete_from: textOrNull('Since when something was measured; `null`: nothing was.', MOMENT),
  ranges: listOf(rangeSumsSchema, 'The last 1, 7, 30 and 90 days.'),
  days: listOf(daySumsSchema, 'The latest 90 days, of UTC.'),
  outages: listOf(
    exactly('A time in which it was not healthy.', {
      from: dateTimeMs('Its begin.'),
      to: textOrNull('Its end; `null`: it goes on.', MOMENT),
      worst: text('`degraded` or `unhealthy`.'),
      sentence: text('What that meant.'),
    }),
    `Of the last ${OUTAGES_DAYS} days, the latest first, at most ${MOST_OUTAGES}; what comes back within five minutes is one.`,
  ),
  maintenance: listOf(
    exactly('A maintenance.', { from: dateTimeMs('Its begin.'), until: dateTimeMs('Its planned end.') }),
    'That lasts or is planned.',
  ),
});

export const publicServicesSchema = named(
  'PublicServices',
  exactly('The services that are public, in the order of the fleet file.', {
    updated_at: dateTimeMs('When this was so.'),
    measures: text('What it is, and what it is not.'),
    services: listOf(publicServiceSchema, 'None where the fleet file makes none public.'),
  }),
);

export type PublicServicesDocument = FromSchema<typeof publicServicesSchema>;
