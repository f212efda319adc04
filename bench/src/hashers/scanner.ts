/** Scans an unchanged tree over and over, and sends how long each scan took. */
import { createFileIndex } from './engine.js';

export interface ScanTimes {
  readonly firstMs: number;
  readonly scansMs: readonly number[];
  readonly folders: number;
}

const [root = '.', rounds = '1'] = process.argv.slice(2);
const fileIndex = createFileIndex({ root, exclude: [] });
const firstMs = scanMs();
const scansMs = Array.from({ length: Number(rounds) }, scanMs);
const times: ScanTimes = { firstMs, scansMs, folders: fileIndex.folders().length };
process.send?.(times);

function scanMs(): number {
  const startedMs = performance.now();
  fileIndex.scan();
  return performance.now() - startedMs;
}
