/**
 * What is paused now, known from memory: the database keeps it for all watchers of the fleet, and a copy in the fleet file
 * outlives a start without the database.
 */
import type { Log } from '../../infra/log.js';
import type { AuditedActor } from '../actor.js';
import { covers, pausedUntil, type Pause, type PausedService } from './pause.js';
import type { NewPause, PauseStore } from './pause-store.js';

export interface Pauses {
  /** Those that last or are planned, as last heard; the next first. */
  list(): readonly Pause[];
  /** @returns until when, in milliseconds since 1970; `null`: it is not paused at that time */
  until(service: PausedService, at: number): number | null;
  /** The maintenance of a service that lasts or is planned, the next first. */
  planned(service: PausedService): readonly Pause[];
  /** Whether what was paused before this start is known by now. */
  isReady(): boolean;
  /** Each rejects as the database does, and then nothing has been done. */
  begin(pause: NewPause, actor: AuditedActor): Promise<Pause>;
  /** @returns whether there was one to end */
  end(id: number, actor: AuditedActor): Promise<boolean>;
  /** Ends those of a service that last now, not those of its labels. */
  resume(service: string, actor: AuditedActor): Promise<void>;
  start(): void;
  close(): void;
}

export interface PausesOptions {
  readonly store: PauseStore;
  readonly fleet: () => string;
  /** Whether the database is known not to answer: it is not asked then. */
  readonly isAway: () => boolean;
  /** The copy in the file. */
  readonly copy: {
    read(): Promise<readonly Pause[]>;
    write(pauses: readonly Pause[]): Promise<void>;
  };
  /** With those that the database has, again and again: a copy may be old. */
  readonly onRead: (pauses: readonly Pause[]) => void;
  readonly log: Log;
}

/** Another watcher of the fleet, too, may begin or end one. */
const READ_EVERY_MS = 10_000;

/** Nothing is read before `start()`, which may be called again. */
export function createPauses({ store, fleet, isAway, copy, onRead, log }: PausesOptions): Pauses {
  let known: readonly Pause[] = [];
  let isReady = false;
  /** So that an answer from before a change is not taken for one from after it. */
  let changes = 0;
  let timer: NodeJS.Timeout | undefined;

  function take(pauses: readonly Pause[]): void {
    const isSame = isReady && JSON.stringify(pauses) === JSON.stringify(known);
    known = pauses;
    isReady = true;
    onRead(pauses);
    if (isSame) return;
    copy.write(pauses).catch((error: unknown) => log.failure('pauses cannot be kept in the file', error));
  }

  async function read(): Promise<void> {
    if (isAway()) return;
    const before = changes;
    const pauses = await store.list(fleet());
    if (before === changes) take(pauses);
  }

  async function restore(): Promise<void> {
    const pauses = await copy.read().catch((error: unknown) => {
      log.failure('pauses cannot be read from the file', error);
      return [];
    });
    if (!isReady) known = pauses;
    isReady = true;
  }

  const readQuietly = (): void =>
    void read().catch((error: unknown) => log.debug('pauses cannot be read now', { cause: String(error) }));

  return {
    list: () => known.filter(({ until }) => until > Date.now()),
    planned: (service) =>
      known.filter((pause) => pause.isPlanned && pause.until > Date.now() && covers(pause, service)),
    until: (service, at) => pausedUntil(known, service, at),
    isReady: () => isReady,
    async begin(pause, actor) {
      const begun = await store.begin(fleet(), pause, actor);
      changes += 1;
      take([...known, begun].toSorted((one, other) => one.from - other.from || one.id - other.id));
      return begun;
    },
    async end(id, actor) {
      const ended = await store.end(fleet(), id, actor);
      changes += 1;
      take(known.filter((pause) => pause.id !== id));
      return ended > 0;
    },
    async resume(service, actor) {
      await store.endOf(fleet(), service, actor);
      changes += 1;
      take(known.filter((pause) => pause.service !== service || pause.from > Date.now()));
    },
    start() {
      if (timer) return;
      void restore();
      readQuietly();
      timer = setInterval(readQuietly, READ_EVERY_MS).unref();
    },
    close: () => clearInterval(timer),
  };
}
