/**
 * How long what is kept, and how finely: a bound on the file, whatever happens. All in milliseconds.
 */
export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** However often the service looks, more often than this it looks the same. */
export const SAMPLE_MS = 200;
/** Every sample, for an hour: what an operator looks at while it happens. */
export const SAMPLES_FOR_MS = 60 * MINUTE_MS;
/** Minutes for a month, to compare with last week. */
export const MINUTES_FOR_MS = 30 * DAY_MS;
/** Hours for a year. */
export const HOURS_FOR_MS = 366 * DAY_MS;
/** Events are few, unless something flaps: then the last of them. */
export const MOST_EVENTS = 10_000;
/** Causes that have ended; there are more of them than of events where something flaps within one status. */
export const MOST_CAUSES = 20_000;
/** Causes that are told of one event. */
export const MAX_CAUSES_RETURNED = 50;
/** After a silence that was longer nothing is said to have gone on through it. */
export const GOES_ON_FOR_MS = 24 * HOUR_MS;
/** Messages that wait for one receiver. */
export const MOST_WAITING = 1_000;
/** Of what is told about an event besides, in characters. */
export const MOST_DETAILS = 2_000;
/** A clock that was ahead for a while leaves rows in the future; they are forgotten once they are that far in it. */
export const AHEAD_MS = 24 * HOUR_MS;
