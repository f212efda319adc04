/**
 * The closed catalogue of reasons: every sentence that can say why something is unwell, and what to do next. For
 * administrators only. No statement, relation, key, argument or database is part of any of them, and a name only when it
 * can be shown.
 */
import { vetName } from 'portal-shared/vet-name';
import type { ProblemCode } from '../problems.js';
import { CACHE_ENTRIES } from './entries/cache.js';
import { DATABASE_ENTRIES } from './entries/database.js';
import { PROCESS_ENTRIES } from './entries/process.js';
import { SESSION_ENTRIES } from './entries/sessions.js';
import type { ReasonCode } from './reason-codes.js';
import type { Figures, Names, ReasonEntry, Sighting } from './sighting.js';

export const REASONS: Readonly<Record<ReasonCode, ReasonEntry>> = {
  ...SESSION_ENTRIES,
  ...DATABASE_ENTRIES,
  ...CACHE_ENTRIES,
  ...PROCESS_ENTRIES,
};

/** Problems that some reason explains. */
export const EXPLAINABLE: ReadonlySet<ProblemCode> = new Set(
  Object.values(REASONS).flatMap(({ explains }) => explains),
);

/** Longer lists of figures are a fault of the source. */
const MOST_FIGURES = 32;

/** What may be published of a sighting: the one place where names are vetted. */
export interface ReasonText {
  readonly sentence: string;
  /** Those of the sighting, and its names as far as they can be shown. */
  readonly figures: Figures;
}

/** @throws whatever a figure of no sense makes the catalogue throw */
export function explain({ code, component, figures, names = {} }: Sighting): ReasonText {
  // PostgreSQL's word for an application that has not said its name is an empty one.
  const given = limited(names).filter(([, name]) => name !== '');
  const vetted: Names = Object.fromEntries(given.map(([key, name]) => [key, vetName(name)]));
  const plain: Figures = Object.fromEntries(
    limited(figures).map(([key, value]) => [key, typeof value === 'string' ? vetName(value) : finite(value)]),
  );
  const name = component?.split('.')[1];
  const sentence = REASONS[code].sentence(plain, vetted);
  return {
    sentence: name === undefined ? sentence : `${name}: ${sentence}`,
    figures: Object.freeze({ ...(name !== undefined && { component: name }), ...plain, ...vetted }),
  };
}

function limited<Value>(values: Readonly<Record<string, Value>>): [string, Value][] {
  return Object.entries(values).slice(0, MOST_FIGURES);
}

/** JSON has no other numbers. */
function finite(value: number | null): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
