/** A cause that holds, as anyone and as administrators read it. */
import { dateTimeMs, exactly, named, text } from './schema.js';

export const componentSchema = text(
  'What it was found at: `database`, `cache`, the name of a check, `source` or `process`.',
);

export const codeSchema = text('Code of the catalogue.');

export const heldCauseSchema = named(
  'HeldCause',
  exactly('A cause that holds.', {
    component: componentSchema,
    code: codeSchema,
    since: dateTimeMs('Since when it holds.'),
  }),
);
