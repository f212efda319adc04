/** lightship, which brings a server of its own. */
import { printFootprint } from './footprint.js';

await printFootprint({
  host: () => Promise.resolve(undefined),
  load: () => import('lightship'),
  use: ({ createLightship }) => createLightship(),
});
