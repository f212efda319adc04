/**
 * What reasons are made of: what a source saw when it last looked, and what the catalogue makes of it.
 */
import type { ProblemCode } from '../problems.js';
import type { ReasonCode } from './reason-codes.js';

/**
 * Figures by name, the unit at its end: `longest_ms`, `used_bytes`, `used_percent`. `null` is hidden or not measured, never
 * 0. Texts are words of ours, such as a state; what somebody else can choose belongs into `names`. `level` is `serious`
 * once the higher of two thresholds is passed.
 */
export type Figures = Readonly<Record<string, number | string | null>>;

/** Names that somebody else chose: `application`, `role`, `label`, `site`. */
export type Names = Readonly<Record<string, string>>;

/** One thing that a source saw. Of each code and component a look holds at most one. */
export interface Sighting {
  readonly code: ReasonCode;
  /** `database`, `cache`, `database.reports`, `cache.sessions`; `null` is this process. */
  readonly component: string | null;
  readonly figures: Figures;
  /** As they came: the catalogue shows them only if they can be shown. */
  readonly names?: Names;
  /** So clear that one look is enough, whatever its row says. */
  readonly isCertain?: true;
}

/** All that a source saw at one moment. */
export interface Look {
  /** Monotonic, by `performance.now()`. */
  readonly atMs: number;
  readonly at: Date;
  readonly sightings: readonly Sighting[];
}

/** Something that looks by itself, or when it is asked for what it saw. */
export interface ReasonSource {
  readonly name: string;
  /** Looks in a row that must have seen the same before it is said; the catalogue may ask for fewer. */
  readonly needs: 1 | 2;
  /** From memory. `undefined` before the first look; the last one for as long as there is no newer. */
  latest(): Look | undefined;
  close?(): Promise<void>;
}

/** What the catalogue says of a code. */
export interface ReasonEntry {
  /** Problems that it can explain, the likeliest first. */
  readonly explains: readonly ProblemCode[];
  readonly readings: 1 | 2;
  /** Of figures, and of names that can be shown. */
  readonly sentence: (figures: Figures, names: Names) => string;
  /** What to do next, in words. */
  readonly next: string;
}
