/** The module of the hashing thread. In a release it is its text: `scripts/bundle.mjs` replaces this file. */
import type { ThreadEntry } from 'portal-shared/thread-entry';

export const SCAN_THREAD: ThreadEntry = new URL('./scan-thread.js', import.meta.url);
