/**
 * Follows the service for as long as the page is open: who reads, what is known, and when it was last heard. Whoever is
 * an administrator gets the live stream, or polls where something on the way swallows streams; anybody else polls the
 * public status. A service that is silent is never taken for a healthy one.
 */
import type {
  AdminReportDocument,
  LiveSnapshotDocument,
  MeDocument,
  PublicStatusDocument,
} from 'portal-server/api';
import { createStore, type Store } from '../state-container.js';
import { moment } from '../copy/time.js';
import { getJson, postJson, TURN_MS } from './request.js';
import { readStream } from './stream.js';

/** Without the live stream the public status says since when; `null` when only the report is known. */
export interface KnownSnapshot extends Omit<LiveSnapshotDocument, 'since' | 'causes'> {
  readonly since: string | null;
  readonly causes: LiveSnapshotDocument['causes'] | null;
}

/** Everything the page knows by itself; what a view asks for besides is its own. */
export interface PageState {
  /** `asking` until the service has said who reads; `nobody` is anybody. */
  readonly who: MeDocument | 'asking' | 'nobody';
  readonly status: PublicStatusDocument | null;
  readonly snapshot: KnownSnapshot | null;
  /** By the clock of this machine. */
  readonly heardMs: number | null;
  /** The last attempt to reach the service failed. */
  readonly isLost: boolean;
  /** The service's clock minus ours, so that ages are right where a clock is not. */
  readonly aheadMs: number;
  /** How many things have happened since the page was opened: a reason to ask for the events again. */
  readonly eventCount: number;
  /** Something to tell the reader. */
  readonly note: string | null;
}

export interface LiveConnection {
  readonly state: Store<PageState>;
  /** Signs in with a code from outside of the page; gives the sentence of a refusal. */
  signIn(code: string): Promise<string | null>;
  signOut(): Promise<void>;
}

/** From which permission on somebody sees everything. */
const ADMIN = 2;
const RETRY_MS = 1_500;
const POLL_MS = 5_000;
/** Where streams are swallowed it is not tried again sooner. */
const POLL_INSTEAD_MS = 60_000;
/** A stream that said nothing for this long was swallowed, not refused. */
const SWALLOWED_MS = 6_000;

export function isAdmin(who: PageState['who']): who is MeDocument {
  return typeof who === 'object' && who.permission >= ADMIN;
}

/** Begins to follow. A code from the address is tried first. */
export function connect(code: string | null): LiveConnection {
  const known = createStore<PageState>({
    who: 'asking',
    status: null,
    snapshot: null,
    heardMs: null,
    isLost: false,
    aheadMs: 0,
    eventCount: 0,
    note: null,
  });
  /** Ends what is under way when somebody else reads from now on. */
  let turn = new AbortController();

  function heard(at?: string): void {
    const heardMs = Date.now();
    const { aheadMs } = known.get();
    known.change({ heardMs, isLost: false, aheadMs: at === undefined ? aheadMs : Date.parse(at) - heardMs });
  }

  function becomes(who: MeDocument | 'nobody', note: string | null = null): void {
    turn.abort();
    turn = new AbortController();
    known.change(who === 'nobody' ? { who, note, snapshot: null } : { who, note });
    void (isAdmin(who) ? followLive(turn.signal) : followStatus(turn.signal));
  }

  async function followLive(signal: AbortSignal): Promise<void> {
    let isOver = false;
    while (!signal.aborted) {
      const startedMs = Date.now();
      let hasSpoken = false;
      const status = await readStream(
        '/v1/admin/live',
        {
          onHeard() {
            hasSpoken = true;
            heard();
          },
          onEvent(event, data) {
            if (signal.aborted) return;
            if (event === 'gone') isOver = true;
            if (event === 'happened') known.change({ eventCount: known.get().eventCount + 1 });
            if (event !== 'report') return;
            const snapshot = JSON.parse(data) as LiveSnapshotDocument;
            heard(snapshot.at);
            known.change({ snapshot });
          },
        },
        signal,
      );
      if (signal.aborted) return;
      if (isOver || status === 401 || status === 403) return becomes('nobody', 'Your session has ended.');
      const isSwallowed = !hasSpoken && Date.now() - startedMs > SWALLOWED_MS;
      const untilMs = Date.now() + (isSwallowed ? POLL_INSTEAD_MS : 0);
      do {
        if (await pollReport(signal)) return;
        await sleep(isSwallowed ? POLL_MS : RETRY_MS);
      } while (!signal.aborted && Date.now() < untilMs);
    }
  }

  /** True when nobody is to follow any further. */
  async function pollReport(signal: AbortSignal): Promise<boolean> {
    const [{ status, body }, { body: told }] = await Promise.all([
      getJson<AdminReportDocument>('/v1/admin/health', signal),
      getJson<PublicStatusDocument>('/v1/status', signal),
    ]);
    if (signal.aborted) return true;
    if (status === 401 || status === 403) {
      becomes('nobody', 'Your session has ended.');
      return true;
    }
    if (!body) {
      known.change({ isLost: true });
      return false;
    }
    // What anybody may know says since when; a report of another moment than that is on its own.
    const isSame = told?.status === body.status;
    heard();
    known.change({
      snapshot: {
        report: body,
        since: isSame ? told.since : null,
        causes: isSame ? told.causes : null,
        parts: {},
        at: new Date(Date.now() + known.get().aheadMs).toISOString(),
      },
    });
    return false;
  }

  async function followStatus(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { body } = await getJson<PublicStatusDocument>('/v1/status', signal);
      if (signal.aborted) return;
      if (body) {
        const before = known.get();
        heard();
        known.change({ status: body });
        // Whoever could not be recognised in an outage is perhaps recognised now.
        const hasChanged = before.isLost || (before.status && before.status.database !== body.database);
        if (hasChanged && before.who === 'nobody' && body.database && (await recognise(signal))) return;
      } else known.change({ isLost: true });
      await sleep(body ? POLL_MS : RETRY_MS);
    }
  }

  async function recognise(signal: AbortSignal): Promise<boolean> {
    for (;;) {
      const { status, body } = await getJson<MeDocument>('/v1/users/me', signal);
      if (signal.aborted) return false;
      if (body) becomes(body);
      if (body) return true;
      // Nobody can say now who reads: no reason to call the reader nobody.
      if (status !== 503) return false;
      await sleep(RETRY_MS);
    }
  }

  async function begin(): Promise<void> {
    if (code !== null) {
      const refusal = await enter(code);
      if (refusal === null) return;
      if (!(await recognise(turn.signal))) becomes('nobody', 'This link was used before, or is too old.');
      return;
    }
    if (!(await recognise(turn.signal))) becomes('nobody');
  }

  async function enter(word: string): Promise<string | null> {
    const { status, body, error } = await postJson<MeDocument>(
      '/v1/authentication/verify',
      { code: word },
      TURN_MS,
    );
    if (body) becomes(body);
    if (body) return null;
    if (status === 401) return 'This code is not right, was used before, or is too old.';
    return error ?? 'The service cannot be reached.';
  }

  void begin();
  return {
    state: known,
    signIn: enter,
    async signOut() {
      const { who } = known.get();
      const { status, error } = await postJson('/v1/authentication/logout');
      if (status === 204) becomes('nobody');
      // The cookie is taken back whatever the store does.
      else if (status === 503 || status === 429) becomes('nobody', goesOn(who));
      else known.change({ note: error ?? 'The service did not answer; you are still signed in.' });
    },
  };
}

function goesOn(who: PageState['who']): string {
  const ends =
    typeof who === 'object'
      ? ` at ${moment(Date.parse(who.session.expires_at), Date.now())}`
      : ' by its time';
  return `The session could not be ended at the service; it ends by itself${ends}.`;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
