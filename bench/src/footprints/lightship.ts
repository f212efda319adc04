/** lightship, which brings a server of its own. */
import { tellFootprint } from './footprint.js';

await tellFootprint({
  host: () => Promise.resolve(undefined),
  load: () => import('lightship'),
  use: ({ createLightship }) => createLightship(),
});
