/**
 * What `createHealth()` gives.
 */
import type { HealthServer, ListenOptions } from './http/endpoint-options.js';
import type { Identity } from './identity.js';
import type { Reason } from './reasons/reasons.js';
import type { HealthSnapshot } from './report.js';
import type { FinishedRun } from './run-counts.js';
import type { Report, State, Viewer } from './types.js';

/** The health of one application. */
export interface Health {
  /** Start of the service, ISO 8601 UTC in whole seconds. */
  readonly startedAt: string;
  /** Which service this is, for your log: never in the published document. */
  readonly identity: Identity;
  /**
   * Begins to sample. Kept when everything has been looked at once, which takes one deadline at most, and the source
   * has been hashed. Never rejects: what is broken at the start is reported, and recovers, like everything else.
   */
  start(): Promise<void>;
  /** The published document, from snapshots: no I/O, never throws, frozen. */
  report(viewer: Viewer): Report;
  /** What the document is made of, for other formats of it: as `report`, from snapshots and frozen. */
  snapshot(): HealthSnapshot;
  /**
   * Why something is unwell and who causes it, the most telling first: from memory, frozen, never throws. Empty for anybody
   * but administrators, where no `explain` is on, and before `start()` is kept.
   */
  reasons(viewer: Viewer): readonly Reason[];
  /** Whether anything is to be explained, so that no reason means that there is none. */
  isExplaining(): boolean;
  /** One part as it stands now; `stale` before its first outcome. `undefined` for a name that is not watched. */
  state(name: string): State | undefined;
  /** Somebody looks: the probes run at the faster pace for the next five seconds, and at once after a quiet time. */
  noteRequest(): void;
  /** Whether the faster pace is in force: somebody looks, or something is not up. */
  isInUse(): boolean;
  /**
   * A sign that things have changed, such as a query that is late: the probe of that part, or of all, runs at once; of
   * early runs there is at most one an interval.
   */
  probeNow(name?: string): void;
  /** Calls `listener` after every run of every probe; what it returns ends that. */
  onRun(listener: (run: FinishedRun) => void): () => void;
  /** True once every part has been looked at. */
  started(): boolean;
  /**
   * True while traffic is welcome: started, not draining, and no trouble of this process's own. A store that is down does
   * not count, unless `ready` says `critical`.
   */
  ready(): boolean;
  /**
   * After a pause of this process, in which nobody was asked: kept when one run has had its chance, a deadline from now at
   * the latest. `undefined`, as nearly always, when there is nothing to wait for. The endpoints wait for it by themselves.
   */
  caughtUp(): Promise<unknown> | undefined;
  /**
   * What `caughtUp()`, `noteRequest()` and `report('public')` do together for a request in a millisecond that has had one
   * before, at the price of one look at the clock; `undefined`, and nothing done, where each has to be called.
   */
  reportAgain(): Report | undefined;
  /** The signed statement that the source shows, as JSON; `null` where it shows none. For administrators. */
  statement(): string | null;
  /** Readiness says no from now on; everything else goes on. The first step of a shutdown. */
  drain(): void;
  /**
   * Answers the endpoints on a port of their own, from now on: before any pool or client exists, while the application is
   * stuck in its start, and for workers that serve no HTTP. It also starts the sampling, without waiting for it. The port
   * does not keep the process alive: an application whose work has ended ends.
   *
   * @example
   * ```ts
   * const health = createHealth({ database: { pool: () => pool } });
   * await health.listen({ port: 9090 });
   * ```
   * Rejects with a TypeError naming the option that cannot be used, or an Error that names the port when it is taken.
   */
  listen(options: ListenOptions): Promise<HealthServer>;
  /** Stops sampling and leaves no timer, socket or thread behind. Your pool and client stay yours. */
  close(): Promise<void>;
}
