/**
 * The limits of the history file.
 */
export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** Shortest time between two samples of the same status. */
export const SAMPLE_MS = 200;
/** Every sample, for an hour: an operator looks at it during an incident. */
export const SAMPLES_FOR_MS = 60 * MINUTE_MS;
/** Minutes, for a month: to compare with last week. */
export const MINUTES_FOR_MS = 30 * DAY_MS;
/** Hours, events, causes and totals, for a year. */
export const HOURS_FOR_MS = 366 * DAY_MS;
/** The latest. Events are few, unless a store flaps. */
export const MOST_EVENTS = 10_000;
/** The latest. They come and go more often. */
export const MOST_REASONS = 2_000;
/** The latest. There are more causes than events if a store flaps within one status. */
export const MOST_CAUSES = 20_000;
/** With one event. */
export const MAX_CAUSES_RETURNED = 50;
/** After a longer time without a run, no status goes on from the run before. */
export const GOES_ON_FOR_MS = 24 * HOUR_MS;
/** For one receiver; the oldest is dropped. */
export const MOST_WAITING = 1_000;
/** Of the details of an event, in characters of JSON. */
export const MOST_DETAILS = 2_000;
/** A clock that was ahead for a while leaves rows in the future. Those further ahead than this are deleted. */
export const AHEAD_MS = 24 * HOUR_MS;
