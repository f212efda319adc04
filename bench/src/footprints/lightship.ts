/** lightship, which brings a server of its own. */
import { sendFootprint } from './footprint.js';

await sendFootprint({
  host: () => Promise.resolve(undefined),
  load: () => import('lightship'),
  use: ({ createLightship }) => createLightship(),
});
