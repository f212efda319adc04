/**
 * Runs every claim and writes `bench/RESULTS.md`. `npm run bench -- health` runs the claims whose name contains
 * "health" and only prints them, so that the file always comes from one whole run.
 */
import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { adminEndpoint } from './admin-endpoint.js';
import type { Claim } from './claim.js';
import { footprint } from './footprint.js';
import { healthEndpoint } from './health-endpoint.js';
import { signInTiming } from './sign-in-timing.js';
import { sourceHash } from './source-hash.js';
import { sourceLatency } from './source-latency.js';
import { sourceScan } from './source-scan.js';
import { storeCost } from './store-cost.js';

const claims: readonly Claim[] = [
  footprint,
  healthEndpoint,
  adminEndpoint,
  signInTiming,
  storeCost,
  sourceHash,
  sourceScan,
  sourceLatency,
];
const filter = process.argv[2] ?? '';
const chosen = claims.filter((claim) => claim.name.includes(filter));
if (chosen.length === 0) {
  throw new Error(
    `No claim matches "${filter}"; there are: ${claims.map((claim) => claim.name).join(', ')}.`,
  );
}

const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;
const sections = [
  '# Results',
  `Written by \`npm run bench\` on ${new Date().toISOString().slice(0, 10)}: ${machine}, shared with others. ` +
    'Contenders take turns within a round, so ratios within a table hold when the machine drifts; compare ratios, not times.',
];
for (const claim of chosen) {
  process.stderr.write(`${claim.name} …\n`);
  const section = await claim.measure();
  sections.push(section);
  process.stdout.write(`${section}\n\n`);
}
if (filter === '') writeFileSync(new URL('../RESULTS.md', import.meta.url), `${sections.join('\n\n')}\n`);
