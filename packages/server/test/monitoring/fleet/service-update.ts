/** What the watcher says of a service, for tests of what is kept of it. */
import type { ServiceUpdate } from '../../../src/fleet/fleet-update.js';
import { countStates } from '../../../src/fleet/service-verdict.js';

/** `orders`, healthy with three instances, but for `change`. */
export function serviceUpdate(change: Partial<ServiceUpdate>): ServiceUpdate {
  return {
    name: 'orders',
    labels: {},
    status: 'healthy',
    since: 0,
    listed: 3,
    usable: 3,
    need: 2,
    tolerated: 0,
    codes: [],
    intervalMs: 10_000,
    settleMs: 30_000,
    recoversMs: 30_000,
    counts: { ...countStates([]), degraded: 0, unhealthy: 0, unreachable: 0 },
    unwell: [],
    source: null,
    changes: [],
    pollsMs: [],
    ...change,
  };
}
