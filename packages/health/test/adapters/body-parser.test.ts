/**
 * Applications that read every body before anybody is asked, as many do: the same conformance suite with a body parser in
 * front of the doors, which by then find a body that is gone.
 */
import express from 'express';
import express4 from 'express-4';
import helmet from 'helmet';
import bodyParser from 'koa-bodyparser';
import { startExpress, startKoa } from './applications.js';
import { describeAdapter } from './conformance.js';

for (const [name, make] of [
  ['Express 5, behind a body parser', express],
  ['Express 4, behind a body parser', express4],
] as const) {
  describeAdapter({
    name,
    helmet: true,
    compression: false,
    start: (mounts) =>
      startExpress(make, mounts, { before: [helmet(), express.json(), express.urlencoded()] }),
  });
}

describeAdapter({
  name: 'Koa, behind a body parser',
  helmet: false,
  compression: false,
  start: (mounts) => startKoa(mounts, [bodyParser()]),
});
