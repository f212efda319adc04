/** The same engine on the application's own thread, for what it does to the event loop. */
import { hashOf } from './engine.js';
import { serveHasher } from './hasher.js';

await serveHasher(() => Promise.resolve((root) => Promise.resolve(hashOf(root))));
