/** A cause that holds, as anyone and as administrators read it. */
import { exactly, moment, named, text } from './schema.js';

export const component = text(
  'What it was found at: `database`, `cache`, the name of a check, `source` or `process`.',
);

export const code = text('Code of the catalogue.');

export const heldCause = named(
  'HeldCause',
  exactly('A cause that holds.', { component, code, since: moment('Since when it holds.') }),
);
