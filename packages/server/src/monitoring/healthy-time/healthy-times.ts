/**
 * Healthy time of any service: of this one from its own history, of the others from that of the fleet, both without the
 * maintenance that was planned.
 */
import { readInTime } from '../../infra/sqlite/read-in-time.js';
import type { Log } from '../../infra/log.js';
import type { FleetHistory } from '../fleet/fleet-history.js';
import type { History } from '../history/history.js';
import type { PausedService } from '../pauses/pause.js';
import type { HealthyTime } from './healthy-time-query.js';
import { segmentsOf, type Range, type Segment } from './healthy-time.js';

export interface HealthyTimes {
  /**
   * One sum a range, in their order. `null`: nothing was measured of such a service.
   *
   * @throws PortalError (unavailable) when the disk does not answer in time
   */
  read(service: PausedService, ranges: readonly Range[]): Promise<HealthyTime | null>;
  /**
   * How a service of the fleet file was, in the order of time.
   *
   * @throws PortalError (unavailable) when the disk does not answer in time
   */
  segments(service: PausedService, range: Range): Promise<readonly Segment[]>;
}

export interface HealthyTimesOptions {
  readonly history: Pick<History, 'healthyTime'>;
  readonly fleetHistory: Pick<FleetHistory, 'read'>;
  /** Whether this process is the only one of the service. */
  readonly isOwn: (service: string) => boolean;
  readonly log: Log;
}

const CANNOT_READ = 'the history of the fleet cannot be read';

export function createHealthyTimes({ history, fleetHistory, isOwn, log }: HealthyTimesOptions): HealthyTimes {
  const maintenanceOf = (service: PausedService, range: Range): Promise<readonly Range[]> =>
    readInTime(fleetHistory.read('readMaintenance', service, range), log, CANNOT_READ);

  return {
    async segments(service, { fromMs, toMs }) {
      const maintenance = await maintenanceOf(service, { fromMs, toMs });
      const query = { service: service.name, fromMs };
      const stretches = await readInTime(fleetHistory.read('readStretches', query), log, CANNOT_READ);
      return segmentsOf(stretches, maintenance);
    },
    async read(service, ranges) {
      const fromMs = Math.min(...ranges.map((range) => range.fromMs));
      const toMs = Math.max(...ranges.map((range) => range.toMs));
      const maintenance = await maintenanceOf(service, { fromMs, toMs });
      const query = { service: service.name, ranges, maintenance };
      if (isOwn(service.name)) return history.healthyTime(query);
      return readInTime(fleetHistory.read('readHealthyTime', query), log, CANNOT_READ);
    },
  };
}
