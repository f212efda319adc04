/**
 * Follows what an administrator may see: the live stream, or polls where a proxy swallows streams. While the page is hidden
 * it asks for the public status alone.
 */
import type { EventDocument, LiveSnapshotDocument } from 'portal-server/api';
import type { PageStore } from './page-state.js';
import {
  hiddenFor,
  isHidden,
  pause,
  POLL_MS,
  REST_AFTER_MS,
  REST_POLL_MS,
  RETRY_MS,
  untilVisible,
} from './poll-loop.js';
import { getJson } from './request.js';
import { readStream } from './stream.js';

/** `rejected`: the session has ended. */
export type FollowEnd = 'rejected' | 'aborted';

/** How a stream has ended. */
type StreamEnd = FollowEnd | 'hidden' | 'swallowed' | 'broken';

/** After a swallowed stream the page polls for this long before it tries the stream again. */
const POLL_INSTEAD_MS = 60_000;
/** A stream that sent nothing for this long was swallowed, not rejected. */
const SWALLOWED_MS = 6_000;

export async function followLive(page: PageStore, signal: AbortSignal): Promise<FollowEnd> {
  /** The next report is the first one after a time in which nothing was heard of what happened. */
  let hasMissed = false;
  while (!signal.aborted) {
    if (isHidden()) await rest(page, signal);
    if (signal.aborted) break;
    const end = await readLive(page, signal, hasMissed);
    hasMissed = true;
    if (end === 'rejected' || end === 'aborted') return end;
    if (end === 'hidden') continue;
    const isSwallowed = end === 'swallowed';
    const untilMs = Date.now() + (isSwallowed ? POLL_INSTEAD_MS : 0);
    do {
      if (isHidden()) await rest(page, signal);
      const polled = await pollReport(page, signal);
      if (polled !== 'goes on') return polled;
      await pause(isSwallowed ? POLL_MS : RETRY_MS, signal);
    } while (!signal.aborted && Date.now() < untilMs);
  }
  return 'aborted';
}

/** Reads the stream until it ends. @param hasMissed - whether events may have happened since the last report */
async function readLive(page: PageStore, signal: AbortSignal, hasMissed: boolean): Promise<StreamEnd> {
  const hidden = hiddenFor(REST_AFTER_MS, signal);
  const startedMs = Date.now();
  let isFirst = true;
  let isOver = false;
  let hasHeard = false;
  function happened({ kind }: EventDocument): void {
    const { eventCount, ownEventCount } = page.get();
    const isOwn = kind === 'service' || kind === 'integrity';
    page.change({ eventCount: eventCount + 1, ownEventCount: ownEventCount + Number(isOwn) });
  }
  function report(snapshot: LiveSnapshotDocument): void {
    page.recordAnswer(snapshot.at);
    const missed = isFirst && hasMissed ? 1 : 0;
    const eventCount = page.get().eventCount + missed;
    const ownEventCount = page.get().ownEventCount + missed;
    isFirst = false;
    // The public status is not followed meanwhile, and would be old when it is shown again.
    page.change({ snapshot, status: null, isResting: false, eventCount, ownEventCount });
  }
  const status = await readStream(
    '/v1/admin/live',
    {
      onHeard() {
        hasHeard = true;
        page.recordAnswer();
      },
      onEvent(event, data) {
        if (signal.aborted) return;
        if (event === 'gone') isOver = true;
        if (event === 'happened') happened(JSON.parse(data) as EventDocument);
        if (event === 'report') report(JSON.parse(data) as LiveSnapshotDocument);
      },
    },
    AbortSignal.any([signal, hidden.signal]),
  );
  hidden.stop();
  if (signal.aborted) return 'aborted';
  if (hidden.signal.aborted) return 'hidden';
  if (isOver || status === 401 || status === 403) return 'rejected';
  return !hasHeard && Date.now() - startedMs > SWALLOWED_MS ? 'swallowed' : 'broken';
}

/** While the page is hidden. */
async function rest(page: PageStore, signal: AbortSignal): Promise<void> {
  page.change({ isResting: true });
  while (!signal.aborted && isHidden()) {
    const { body } = await getJson('/v1/status', { signal });
    if (signal.aborted) return;
    if (body) page.recordAnswer();
    page.change(body ? { status: body } : { isLost: true });
    await untilVisible(signal, REST_POLL_MS);
  }
}

async function pollReport(page: PageStore, signal: AbortSignal): Promise<FollowEnd | 'goes on'> {
  const [{ status, body }, { body: why }, { body: publicStatus }] = await Promise.all([
    getJson('/v1/admin/health', { signal }),
    getJson('/v1/admin/reasons', { signal }),
    getJson('/v1/status', { signal }),
  ]);
  if (signal.aborted) return 'aborted';
  if (status === 401 || status === 403) return 'rejected';
  if (!body) {
    page.change({ isLost: true });
    return 'goes on';
  }
  // The public status has since and causes, with their codes. Of another moment than the report, it does not fit it.
  const isSame = publicStatus?.status === body.status;
  page.recordAnswer();
  page.change({
    isResting: false,
    status: null,
    snapshot: {
      report: body,
      since: isSame ? publicStatus.since : null,
      causes: isSame ? publicStatus.causes : null,
      parts: {},
      pool_waiting: null,
      reasons: why?.reasons ?? [],
      at: new Date(Date.now() + page.get().aheadMs).toISOString(),
    },
  });
  return 'goes on';
}
