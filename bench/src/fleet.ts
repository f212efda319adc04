/** Claims of the fleet: how many instances one process watches, and at what cost. */
import type { Claim } from './claim.js';
import { fleetPolls } from './fleet/polls.js';
import { fleetPrometheus } from './fleet/prometheus.js';
import { fleetSilence } from './fleet/silence.js';
import { fleetView } from './fleet/view.js';

export const fleetClaims: readonly Claim[] = [fleetPolls, fleetSilence, fleetView, fleetPrometheus];
