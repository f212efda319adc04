/** Causes and events, as several endpoints publish them. */
import { choice, dateTimeMs, exactly, integer, listOf, MOMENT, named, text, textOrNull } from './schema.js';

const componentSchema = text(
  'What it was found at: `database`, `cache`, the name of a check, `source` or `process`.',
);

const codeSchema = text('Code of the catalogue.');

export const heldCauseSchema = named(
  'HeldCause',
  exactly('A cause that holds.', {
    component: componentSchema,
    code: codeSchema,
    since: dateTimeMs('Since when it holds.'),
  }),
);

export const eventSchema = named(
  'Event',
  exactly('Something that happened.', {
    id: integer('Later events have greater ones.', { minimum: 1 }),
    kind: choice(
      ['status', 'integrity', 'service', 'history', 'alert', 'reason'],
      'A stretch of one status; changes of the source without a pause; a run of the service; the history itself; the ' +
        'delivery of alerts; a reason, from its begin to its end.',
    ),
    began_at: dateTimeMs('Begin.'),
    ended_at: textOrNull('End; `null` while it goes on.', MOMENT),
    from: textOrNull('Of a status: the one before.'),
    to: textOrNull(
      'Of a status: this one. Of others: `changed`, `put_back`, `unreadable`, `touched`, `loaded`, `restarted`, `dependencies`; `running`; `damaged`, `not_kept`, ' +
        '`not_written`; `given_up`.',
    ),
    codes: listOf({ type: 'string' }, 'Codes of the catalogue that held in it; of a reason its own.'),
    since: textOrNull(
      'Of a status: since when it has been so; before `began_at` where it goes on after a time that was not measured.',
      MOMENT,
    ),
    causes: listOf(
      exactly('A cause, from its own begin to its own end.', {
        component: componentSchema,
        code: codeSchema,
        began_at: dateTimeMs('Begin.'),
        ended_at: textOrNull('End; `null` while it goes on.', MOMENT),
      }),
      'Of a status: what held in it. Of very many the latest.',
    ),
    details: {
      type: 'object',
      description:
        'What else is known: `end` of a run (`stopped` or `lost`), counts of files, a cause, by how much a clock was set; of a reason its ' +
        '`sentence`, what it `explains`, and its `component` where there are several.',
      additionalProperties: true,
    },
  }),
);
