import compression from 'compression';
import express from 'express';
import express4 from 'express-4';
import helmet from 'helmet';
import { startExpress } from './applications.js';
import { describeAdapter } from './conformance.js';

for (const [name, make] of [
  ['Express 5', express],
  ['Express 4', express4],
] as const) {
  describeAdapter({
    name,
    helmet: true,
    compression: true,
    start: (mounts) =>
      startExpress(make, mounts, {
        before: [helmet(), compression({ threshold: 0 })],
        after: [express.json()],
      }),
  });
}
