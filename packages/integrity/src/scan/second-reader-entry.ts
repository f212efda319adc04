/** The module of the second reader's thread. In a release it is its text: `scripts/bundle.mjs` replaces this file. */
import type { ThreadEntry } from 'portal-shared/thread-entry';

export const SECOND_READER: ThreadEntry = new URL('./second-reader.js', import.meta.url);
