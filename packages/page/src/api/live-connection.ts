/**
 * Keeps the page's state up to date while it is open: who is signed in, the latest report, and when the service last
 * answered. Administrators get the live stream, or poll where a proxy swallows streams; other users poll the public status.
 * A silent service never counts as healthy.
 */
import type { LiveSnapshotDocument, MeDocument, PublicStatusDocument } from 'portal-server/api';
import { createStore, type Store } from '../state-container.js';
import { moment } from '../copy/time.js';
import { hiddenFor, isHidden, REST_AFTER_MS, REST_POLL_MS, untilVisible } from './poll-loop.js';
import { getJson, postJson, QUEUED_TIMEOUT_MS } from './request.js';
import { readStream } from './stream.js';

/** `null` where the report was polled and the public status did not match it. */
export interface KnownSnapshot extends Omit<LiveSnapshotDocument, 'since' | 'causes'> {
  readonly since: string | null;
  readonly causes: LiveSnapshotDocument['causes'] | null;
}

/** What all views share. A view polls the rest by itself. */
export interface PageState {
  /** `unknown` until the service has said who is signed in. */
  readonly who: MeDocument | 'unknown' | 'nobody';
  readonly status: PublicStatusDocument | null;
  readonly snapshot: KnownSnapshot | null;
  /** By the clock of this machine. */
  readonly heardMs: number | null;
  /** The last attempt to reach the service failed. */
  readonly isLost: boolean;
  /** The page is hidden, and asks for the public status only, now and then. */
  readonly isResting: boolean;
  /** The service's clock minus ours, so that ages are right where a clock is not. */
  readonly aheadMs: number;
  /** Events since the page was opened. When it changes, views load the events again. */
  readonly eventCount: number;
  /** A message to the user. */
  readonly note: string | null;
}

export interface LiveConnection {
  readonly state: Store<PageState>;
  /** Resolves with `null`, or with the reason why the code was rejected. */
  signIn(code: string): Promise<string | null>;
  signOut(): Promise<void>;
}

/** The least permission of an administrator. */
const ADMIN = 2;
const RETRY_MS = 1_500;
const POLL_MS = 5_000;
/** After a swallowed stream the page polls for this long before it tries the stream again. */
const POLL_INSTEAD_MS = 60_000;
/** A stream that sent nothing for this long was swallowed, not rejected. */
const SWALLOWED_MS = 6_000;

export function isAdmin(who: PageState['who']): who is MeDocument {
  return typeof who === 'object' && who.permission >= ADMIN;
}

/** @param code - from the address, tried first */
export function connect(code: string | null): LiveConnection {
  const state = createStore<PageState>({
    who: 'unknown',
    status: null,
    snapshot: null,
    heardMs: null,
    isLost: false,
    isResting: false,
    aheadMs: 0,
    eventCount: 0,
    note: null,
  });
  /** Aborted when another user, or none, is signed in from now on. */
  let current = new AbortController();

  function recordAnswer(at?: string): void {
    const heardMs = Date.now();
    const { aheadMs } = state.get();
    state.change({ heardMs, isLost: false, aheadMs: at === undefined ? aheadMs : Date.parse(at) - heardMs });
  }

  function switchTo(who: MeDocument | 'nobody', note: string | null = null): void {
    current.abort();
    current = new AbortController();
    state.change(who === 'nobody' ? { who, note, snapshot: null } : { who, note });
    void (isAdmin(who) ? followLive(current.signal) : followStatus(current.signal));
  }

  /** While the page is hidden. */
  async function rest(signal: AbortSignal): Promise<void> {
    state.change({ isResting: true });
    while (!signal.aborted && isHidden()) {
      const { body } = await getJson('/v1/status', { signal });
      if (signal.aborted) return;
      if (body) recordAnswer();
      state.change(body ? { status: body } : { isLost: true });
      await untilVisible(signal, REST_POLL_MS);
    }
  }

  async function followLive(signal: AbortSignal): Promise<void> {
    let isOver = false;
    /** The next report is the first one after a time in which nothing was heard of what happened. */
    let hasMissed = false;
    while (!signal.aborted) {
      if (isHidden()) await rest(signal);
      if (signal.aborted) return;
      const hidden = hiddenFor(REST_AFTER_MS, signal);
      const startedMs = Date.now();
      let hasHeard = false;
      const status = await readStream(
        '/v1/admin/live',
        {
          onHeard() {
            hasHeard = true;
            recordAnswer();
          },
          onEvent(event, data) {
            if (signal.aborted) return;
            if (event === 'gone') isOver = true;
            if (event === 'happened') state.change({ eventCount: state.get().eventCount + 1 });
            if (event !== 'report') return;
            const snapshot = JSON.parse(data) as LiveSnapshotDocument;
            recordAnswer(snapshot.at);
            const eventCount = state.get().eventCount + (hasMissed ? 1 : 0);
            hasMissed = false;
            state.change({ snapshot, isResting: false, eventCount });
          },
        },
        AbortSignal.any([signal, hidden.signal]),
      );
      hidden.stop();
      hasMissed = true;
      if (signal.aborted) return;
      if (hidden.signal.aborted) continue;
      if (isOver || status === 401 || status === 403) return switchTo('nobody', 'Your session has ended.');
      const isSwallowed = !hasHeard && Date.now() - startedMs > SWALLOWED_MS;
      const untilMs = Date.now() + (isSwallowed ? POLL_INSTEAD_MS : 0);
      do {
        if (isHidden()) await rest(signal);
        if (await pollReport(signal)) return;
        await sleep(isSwallowed ? POLL_MS : RETRY_MS);
      } while (!signal.aborted && Date.now() < untilMs);
    }
  }

  /** Resolves with true when this loop has to end. */
  async function pollReport(signal: AbortSignal): Promise<boolean> {
    const [{ status, body }, { body: why }, { body: publicStatus }] = await Promise.all([
      getJson('/v1/admin/health', { signal }),
      getJson('/v1/admin/reasons', { signal }),
      getJson('/v1/status', { signal }),
    ]);
    if (signal.aborted) return true;
    if (status === 401 || status === 403) {
      switchTo('nobody', 'Your session has ended.');
      return true;
    }
    if (!body) {
      state.change({ isLost: true });
      return false;
    }
    // The public status has since and causes, with their codes. Of another moment than the report, it does not fit it.
    const isSame = publicStatus?.status === body.status;
    recordAnswer();
    state.change({
      isResting: false,
      snapshot: {
        report: body,
        since: isSame ? publicStatus.since : null,
        causes: isSame ? publicStatus.causes : null,
        parts: {},
        reasons: why?.reasons ?? [],
        at: new Date(Date.now() + state.get().aheadMs).toISOString(),
      },
    });
    return false;
  }

  async function followStatus(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { body } = await getJson('/v1/status', { signal });
      if (signal.aborted) return;
      if (body) {
        const before = state.get();
        recordAnswer();
        state.change({ status: body });
        // A session that could not be checked in an outage can perhaps be checked now.
        const hasChanged = before.isLost || (before.status && before.status.database !== body.database);
        if (hasChanged && before.who === 'nobody' && body.database && (await recognise(signal))) return;
      } else state.change({ isLost: true });
      await sleep(body ? POLL_MS : RETRY_MS);
      state.change({ isResting: isHidden() });
      await untilVisible(signal, REST_POLL_MS);
    }
  }

  async function recognise(signal: AbortSignal): Promise<boolean> {
    for (;;) {
      const { status, body } = await getJson('/v1/users/me', { signal });
      if (signal.aborted) return false;
      if (body) switchTo(body);
      if (body) return true;
      // The service cannot check the session now: that does not mean there is none.
      if (status !== 503) return false;
      await sleep(RETRY_MS);
    }
  }

  async function begin(): Promise<void> {
    if (code !== null) {
      const rejection = await enter(code);
      if (rejection === null) return;
      if (!(await recognise(current.signal))) switchTo('nobody', 'This link was used before, or is too old.');
      return;
    }
    if (!(await recognise(current.signal))) switchTo('nobody');
  }

  async function enter(typed: string): Promise<string | null> {
    const { status, body, error } = await postJson(
      '/v1/authentication/verify',
      { code: typed },
      QUEUED_TIMEOUT_MS,
    );
    if (body) switchTo(body);
    if (body) return null;
    if (status === 401) return 'This code is not right, was used before, or is too old.';
    return error ?? 'The service cannot be reached.';
  }

  void begin();
  return {
    state,
    signIn: enter,
    async signOut() {
      const { who } = state.get();
      const { status, error } = await postJson('/v1/authentication/logout');
      if (status === 204) switchTo('nobody');
      // The service removes the cookie even if its store fails.
      else if (status === 503 || status === 429) switchTo('nobody', stillValid(who));
      else state.change({ note: error ?? 'The service did not answer; you are still signed in.' });
    },
  };
}

function stillValid(who: PageState['who']): string {
  const until =
    typeof who === 'object'
      ? ` at ${moment(Date.parse(who.session.expires_at), Date.now())}`
      : ' by its time';
  return `The session could not be ended at the service; it ends by itself${until}.`;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
