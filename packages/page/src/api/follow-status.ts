/**
 * Follows the public status, for whoever is no administrator.
 */
import type { PageStore } from './page-state.js';
import { isHidden, pause, POLL_MS, REST_POLL_MS, RETRY_MS, untilVisible } from './poll-loop.js';
import { getJson } from './request.js';

/** @param recognise - looks who is signed in; true when somebody is, and something else is followed for them */
export async function followStatus(
  page: PageStore,
  signal: AbortSignal,
  recognise: (signal: AbortSignal) => Promise<boolean>,
): Promise<void> {
  while (!signal.aborted) {
    const { body } = await getJson('/v1/status', { signal });
    if (signal.aborted) return;
    if (body) {
      const before = page.get();
      page.recordAnswer();
      page.change({ status: body });
      // A session that could not be checked in an outage can perhaps be checked now.
      const hasChanged = before.isLost || (before.status && before.status.database !== body.database);
      if (hasChanged && before.who === 'nobody' && body.database && (await recognise(signal))) return;
    } else page.change({ isLost: true });
    await pause(body ? POLL_MS : RETRY_MS, signal);
    page.change({ isResting: isHidden() });
    await untilVisible(signal, REST_POLL_MS);
  }
}
