/**
 * Who is signed in while the page is open, and what is followed for them. Administrators get the live stream, other users the
 * public status.
 */
import type { MeDocument, PublicStatusDocument } from 'portal-server/api';
import type { Store } from '../state-container.js';
import { MOMENTS } from '../copy/time.js';
import { followLive } from './follow-live.js';
import { followStatus } from './follow-status.js';
import { forgetAll, keepOverReloads } from './kept.js';
import { createPageState, isAdmin, type PageState } from './page-state.js';
import { pause, RETRY_MS } from './poll-loop.js';
import { getJson, postJson, QUEUED_TIMEOUT_MS } from './request.js';

/** Longer than an answer takes. */
const LATE_MS = 3_000;

export interface LiveConnection {
  readonly state: Store<PageState>;
  /** Resolves with `null`, or with the reason why the code was rejected. */
  signIn(code: string): Promise<string | null>;
  signOut(): Promise<void>;
}

/**
 * @param code - from the address, tried first
 * @param known - as the document of the page has it; `null` where it has none
 */
export function connect(code: string | null, known: PublicStatusDocument | null): LiveConnection {
  const page = createPageState(known);
  /** Aborted when another user, or none, is signed in from now on. */
  let current = new AbortController();

  function switchTo(who: MeDocument | 'nobody', note: string | null = null): void {
    current.abort();
    current = new AbortController();
    if (who === 'nobody') forgetAll();
    page.change(who === 'nobody' ? { who, note, snapshot: null } : { who, note });
    void (isAdmin(who) ? followReports(current.signal) : followStatus(page, current.signal, recognise));
  }

  async function followReports(signal: AbortSignal): Promise<void> {
    const end = await followLive(page, signal);
    if (end === 'rejected' && !signal.aborted) switchTo('nobody', 'Your session has ended.');
  }

  async function recognise(signal: AbortSignal): Promise<boolean> {
    for (let tries = 0; ; tries += 1) {
      // A frozen service refuses nothing: what was known is shown meanwhile.
      const late = setTimeout(() => page.restore(), LATE_MS);
      const { status, body } = await getJson('/v1/users/me', { signal });
      clearTimeout(late);
      if (signal.aborted) return false;
      if (body) switchTo(body);
      if (body) return true;
      if (status === 0 && page.restore()) {
        await pause(RETRY_MS, signal);
        continue;
      }
      // The service cannot check the session now: that does not mean there is none.
      if (status !== 503) return false;
      // Until then they are told what anybody is.
      if (tries === 0 && page.get().who === 'unknown') void followStatus(page, signal, recognise);
      await pause(RETRY_MS, signal);
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
    // What was read in another session is not for this one.
    if (body) forgetAll();
    if (body) switchTo(body);
    if (body) return null;
    if (status === 401) return 'This code is not right, was used before, or is too old.';
    return error ?? 'The service cannot be reached.';
  }

  keepOverReloads(page.keep);
  void begin();
  return {
    state: page,
    signIn: enter,
    async signOut() {
      const { who } = page.get();
      const { status, error } = await postJson('/v1/authentication/logout');
      if (status === 204) switchTo('nobody');
      // The service removes the cookie even if its store fails.
      else if (status === 503 || status === 429) switchTo('nobody', stillValid(who));
      else page.change({ note: error ?? 'The service did not answer; you are still signed in.' });
    },
  };
}

function stillValid(who: PageState['who']): string {
  const until =
    typeof who === 'object'
      ? ` at ${MOMENTS.local.moment(Date.parse(who.session.expires_at), Date.now())}`
      : ' by its time';
  return `The session could not be ended at the service; it ends by itself${until}.`;
}
