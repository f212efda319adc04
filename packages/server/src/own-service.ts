/**
 * This service as the service `portal` of its own fleet, read from memory.
 */
import { hostname } from 'node:os';
import type { Health, Report, Status } from 'portal-health';
import type { IntegrityState, Source } from 'portal-integrity';
import { OWN_NAME } from './fleet/fleet.js';
import type { ServiceDetail } from './fleet/services.js';
import type { InstanceChange, ServiceUpdate } from './fleet/fleet-update.js';
import type { InstanceView } from './fleet/instances.js';
import { createStatusDamper } from './monitoring/alerts/status-damper.js';
import { createSourceWatch, type SourceView } from './fleet/source/source-watch.js';
import type { Release } from './fleet/source/source-verdict.js';
import { countStates, judgeService, STATE_LETTERS, type InstanceState } from './fleet/service-verdict.js';

export interface OwnServiceOptions {
  readonly health: Health;
  readonly source: Pick<Source, 'state'>;
  readonly startedAt: Date;
  /** Milliseconds between two probe runs in use. */
  readonly intervalMs: number;
  /** Probe runs in a row before a change of the status is an incident. */
  readonly alertAfter: number;
}

export interface OwnService {
  /** Looks how this service is now. To be called with every report, so that its begin is known. */
  observe(): void;
  detail(): ServiceDetail;
  /** As others are told of: with what has changed since the last call. */
  takeUpdate(nowMs: number): ServiceUpdate;
  /** As incidents are begun and ended by: a status counts when it has lasted for some probe runs. */
  settledUpdate(): ServiceUpdate;
}

const EXPECTED = { instances: 1 };

export function createOwnService({
  health,
  source,
  startedAt,
  intervalMs,
  alertAfter,
}: OwnServiceOptions): OwnService {
  let state: InstanceState = 'new';
  let since = startedAt.getTime();
  const ownSource = createOwnSource(source, since);
  const settled = createSettledStatus({ startedAt, intervalMs, alertAfter });

  /** A report says nothing yet before the first run of the probes. */
  function observe(): void {
    const next = health.started() ? health.report('public').status : 'new';
    if (next !== state) {
      state = next;
      since = Date.now();
    }
    if (next === 'new') return;
    settled.observe(next, codesOf(health.report('admin')));
  }

  let told: { readonly state: InstanceState; readonly codes: readonly string[] } | undefined;

  function changesOf({ instance, codes }: InstanceView, nowMs: number): readonly InstanceChange[] {
    const isSame = told?.state === state && told.codes.join() === codes.join();
    if (isSame) return [];
    const from = told?.state ?? null;
    const at = from === state ? nowMs : since;
    told = { state, codes };
    return [{ instance, from, to: state, at, codes }];
  }

  function detail(): ServiceDetail {
    observe();
    const report = health.report('admin');
    const hash = report.source_hash ?? null;
    const counts = countStates([state]);
    const codes = codesOf(report);
    return {
      service: {
        name: OWN_NAME,
        labels: {},
        publicName: null,
        verdict: judgeService(counts, EXPECTED, false),
        since,
        counts,
        expected: EXPECTED.instances,
        codes,
        cells: STATE_LETTERS[state],
        sourceCells: '',
        source: ownSource.look(hash),
      },
      instances: [
        {
          instance: hostname(),
          state,
          since,
          codes,
          startedAt: startedAt.getTime(),
          sourceHash: hash,
          answeredAt: Date.now(),
          polls: [],
        },
      ],
    };
  }

  return {
    observe,
    detail,
    takeUpdate(nowMs) {
      const { service, instances } = detail();
      const { verdict, cells: _, sourceCells: __, expected: ___, publicName: ____, ...view } = service;
      const [own] = instances;
      return {
        ...view,
        ...verdict,
        intervalMs,
        settleMs: 0,
        recoversMs: 0,
        unwell: own && isUnwell(state) ? [own] : [],
        source: service.source,
        changes: own ? changesOf(own, nowMs) : [],
        pollsMs: [],
      };
    },
    settledUpdate: () => settled.update(),
  };
}

interface SettledService {
  observe(status: Status, codes: readonly string[]): void;
  update(): ServiceUpdate;
}

/** What incidents go by: a status that has lasted, with the codes that it had. */
function createSettledStatus({
  startedAt,
  intervalMs,
  alertAfter,
}: Omit<OwnServiceOptions, 'health' | 'source'>): SettledService {
  const damper = createStatusDamper({ after: alertAfter, intervalMs });
  let lastCodes: readonly string[] = [];

  return {
    observe(status, codes) {
      damper.observe(status, Date.now());
      if (codes.length > 0) lastCodes = codes;
    },
    update() {
      const settled = damper.settled();
      const status = settled?.status ?? 'unknown';
      const since = settled?.since ?? startedAt.getTime();
      const counts = countStates([status]);
      const codes = isUnwell(status) ? lastCodes : [];
      return {
        name: OWN_NAME,
        labels: {},
        counts,
        ...judgeService(counts, EXPECTED, false),
        status,
        since,
        codes,
        intervalMs,
        settleMs: 0,
        recoversMs: (alertAfter + 1) * intervalMs,
        unwell: isUnwell(status) ? [{ instance: hostname(), state: status, since, codes }] : [],
        // Of its own source it says itself that it is degraded, and by which file.
        source: null,
        changes: [],
        pollsMs: [],
      };
    },
  };
}

function codesOf({ errors }: Report): readonly string[] {
  return errors.flatMap((sentence) => /\(([A-Z_]+)\)$/.exec(sentence)?.[1] ?? []);
}

/** What runs, against what this service itself expects of its source. */
function createOwnSource(source: OwnServiceOptions['source'], startedMs: number) {
  const watch = createSourceWatch(null, startedMs);
  const name = hostname();
  return {
    look(hash: string | null): SourceView {
      const { expected, statement_refused: refused } = source.state();
      watch.update(
        {
          groups: hash === null ? [] : [{ hash, instances: 1, names: [name] }],
          notReported: hash === null ? 1 : 0,
          releases: expected ? [{ release: releaseOf(expected), instances: [name] }] : [],
          refused: refused === null ? [] : [{ instance: name, code: codeIn(refused) }],
        },
        Date.now(),
      );
      return watch.view();
    },
  };
}

function releaseOf(expected: NonNullable<IntegrityState['expected']>): Release {
  const { source_hash: sourceHash, version, sequence, expires } = expected;
  const expiresAt = expires === null ? Number.POSITIVE_INFINITY : Date.parse(expires);
  return { sourceHash, version, sequence: sequence ?? 0, expiresAt };
}

function codeIn(sentence: string): string {
  return /\((E_[A-Z_]+)\)/.exec(sentence)?.[1] ?? 'E_FILE';
}

function isUnwell(state: InstanceState): boolean {
  return state === 'degraded' || state === 'unhealthy';
}
