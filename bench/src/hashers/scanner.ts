/** Looks at an unchanged tree over and over, and tells how long one look takes for each entry. */
import { engine } from './engine.js';

const [root = '.', rounds = '1'] = process.argv.slice(2);
const fileIndex = engine.createInventory({ root, exclude: [] });
const began = performance.now();
fileIndex.survey();
const firstMs = performance.now() - began;
const scansMs = Array.from({ length: Number(rounds) }, () => {
  const beganMs = performance.now();
  fileIndex.survey();
  return performance.now() - beganMs;
});
process.send?.({ firstMs, looksMs: scansMs, folders: fileIndex.folders().length });
