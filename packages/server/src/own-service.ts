/**
 * This service as the service `portal` of its own fleet, read from memory.
 */
import { hostname } from 'node:os';
import type { Health } from 'portal-health';
import { OWN_NAME, type ServiceDetail } from './fleet/fleet.js';
import { countStates, judgeService, type InstanceState } from './fleet/service-verdict.js';

export interface OwnServiceOptions {
  readonly health: Health;
  readonly startedAt: Date;
}

export interface OwnService {
  /** Looks how this service is now. To be called with every report, so that its begin is known. */
  observe(): void;
  detail(): ServiceDetail;
}

const EXPECTED = { instances: 1 };

export function createOwnService({ health, startedAt }: OwnServiceOptions): OwnService {
  let state: InstanceState = 'new';
  let since = startedAt.getTime();

  /** A report says nothing yet before the first run of the probes. */
  function observe(): void {
    const next = health.started() ? health.report('public').status : 'new';
    if (next !== state) {
      state = next;
      since = Date.now();
    }
  }

  return {
    observe,
    detail() {
      observe();
      const report = health.report('admin');
      const counts = countStates([state]);
      const codes = report.errors.flatMap((sentence) => /\(([A-Z_]+)\)$/.exec(sentence)?.[1] ?? []);
      return {
        service: {
          name: OWN_NAME,
          labels: {},
          verdict: judgeService(counts, EXPECTED, false),
          since,
          counts,
          expected: EXPECTED.instances,
          codes,
        },
        instances: [
          {
            instance: hostname(),
            state,
            since,
            codes,
            startedAt: startedAt.getTime(),
            sourceHash: report.source_hash ?? null,
            answeredAt: Date.now(),
            polls: [],
          },
        ],
      };
    },
  };
}
