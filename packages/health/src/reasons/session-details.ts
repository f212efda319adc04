/**
 * What of a session of the server is shown, as `show` says: the rest is taken out before anything is made of it.
 */
import type { SessionDetail } from './explain-options.js';
import type { Figures, Names, Sighting } from './sighting.js';

const OF_SESSIONS: readonly (keyof Names)[] = ['application', 'role', 'address'] satisfies SessionDetail[];
/** A session that has a name, none of which may be shown. */
const NOT_SHOWN = 'not shown';

/** The sighting, without what is not to be shown. */
export function withDetails(sighting: Sighting, show: readonly SessionDetail[]): Sighting {
  const { figures, names } = sighting;
  return { ...sighting, figures: figuresOf(figures, show), ...(names && { names: namesOf(names, show) }) };
}

function figuresOf(figures: Figures, show: readonly SessionDetail[]): Figures {
  if (show.includes('pid')) return figures;
  return Object.fromEntries(Object.entries(figures).filter(([key]) => key !== 'pid'));
}

function namesOf(names: Names, show: readonly SessionDetail[]): Names {
  const kept = Object.entries(names).filter(
    ([key]) => !OF_SESSIONS.includes(key) || show.some((detail) => detail === key),
  );
  const isNamed = kept.some(([key]) => key === 'application' || key === 'role');
  // Whose session it is decides what is said of it: without any name it would be our own.
  return Object.fromEntries(
    isNamed || kept.length === Object.keys(names).length ? kept : [...kept, ['application', NOT_SHOWN]],
  );
}
