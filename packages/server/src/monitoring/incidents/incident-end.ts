/**
 * When an incident whose condition no longer holds is over: not while it may only be out of sight.
 */
import { isSeenTooShortly, type FleetMoment } from './announcements.js';
import type { ServiceUpdate } from '../../fleet/fleet-update.js';
import { isUnwell } from './condition.js';
import type { Incident } from './incident.js';

interface Doubts {
  /** Whether it was open when the watcher was started, and has not ended since. */
  readonly isRestored: boolean;
  /** Whether its service does. */
  readonly isFlapping: boolean;
}

/** Shorter than this after a start, too few instances are not told from a list that is not read yet. */
const COUNTS_SETTLE_MS = 150_000;

export function isOver(incident: Incident, moment: FleetMoment, about: Doubts): boolean {
  const { kind, key, service: name } = incident;
  const isSettling = about.isRestored && isSeenTooLittle(incident, moment);
  if (kind === 'blind') return true;
  if (kind === 'cause') return !moment.isBlind && !moment.common.unknown.has(key) && !isSettling;
  const service = moment.byName.get(name ?? '');
  // One that is no longer watched has no incidents; one that is out of sight is as it was.
  if (!service) return !moment.isBlind;
  if (kind === 'source') return isWhole(service) && !isSettling;
  if (kind !== 'discovery' && service.status === 'unknown') return false;
  if (kind === 'health' && about.isFlapping) return false;
  return !isSettling;
}

/** While a release rolls, what was wrong is being mended; it is not yet. */
function isWhole({ source }: ServiceUpdate): boolean {
  return source === null || source.state !== 'rolling';
}

/** What an earlier run saw is not over because this one has not looked often enough. */
function isSeenTooLittle(incident: Incident, moment: FleetMoment): boolean {
  // What is listed, and what each shows, is known after a while.
  const isOfList = incident.kind !== 'health' && incident.kind !== 'flapping' && incident.kind !== 'cause';
  return isOfList ? moment.runsForMs < COUNTS_SETTLE_MS : isSeenTooShortly(incident, moment);
}

/** A status that is well since some time was so from then on. @returns milliseconds since 1970 */
export function endOf({ kind, service, beganAt }: Incident, { at, byName }: FleetMoment): number {
  const now = byName.get(service ?? '');
  if (kind !== 'health' || !now || isUnwell(now)) return at;
  return Math.min(at, Math.max(beganAt, now.since));
}
