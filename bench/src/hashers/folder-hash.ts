/** npm's most used package for the same: every file in memory as a whole, SHA-256, a hash of its own kind. */
import { hashElement } from 'folder-hash';
import { serveHasher } from './hasher.js';

await serveHasher(() =>
  Promise.resolve(async (root) => (await hashElement(root, { algo: 'sha256', encoding: 'hex' })).hash),
);
