/**
 * The limits of the fleet file.
 */
import { DAY_MS } from '../history/history-limits.js';

/** The latest, for as long at most. */
export const MOST_TRANSITIONS = 100_000;
export const TRANSITIONS_FOR_MS = 90 * DAY_MS;
/** Of each service; about 100 MB for 200 services. */
export const SERVICE_MINUTES_FOR_MS = 7 * DAY_MS;
/** The same; about 90 MB. */
export const SERVICE_HOURS_FOR_MS = 366 * DAY_MS;
/** Of changes that wait while the disk takes nothing. */
export const MOST_PENDING = 10_000;
/** Of each service; what is deleted is kept by the quarter of an hour. */
export const MOST_STRETCHES = 2_000;
export const STRETCHES_FOR_MS = 366 * DAY_MS;
