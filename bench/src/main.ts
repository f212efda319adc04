/**
 * Measures every claim and writes its section of `bench/RESULTS.md`. `npm run bench -- health` measures the claims whose
 * name contains "health", and leaves the other sections as they are.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { adminEndpoint } from './admin-endpoint.js';
import type { Claim } from './claim.js';
import { fleetClaims } from './fleet.js';
import { footprint } from './footprint.js';
import { healthEndpoint } from './health-endpoint.js';
import { holders } from './holders.js';
import { reasonsCost } from './reasons-cost.js';
import { memoryLook } from './memory-look.js';
import { ownRoute } from './own-route.js';
import { withSection } from './results-page.js';
import { signInTiming } from './sign-in-timing.js';
import { sourceHash } from './source-hash.js';
import { sourceLatency } from './source-latency.js';
import { sourceReread } from './source-reread.js';
import { sourceScan } from './source-scan.js';
import { storeCost } from './store-cost.js';

const PAGE = new URL('../RESULTS.md', import.meta.url);

const claims: readonly Claim[] = [
  footprint,
  healthEndpoint,
  ownRoute,
  adminEndpoint,
  signInTiming,
  storeCost,
  holders,
  reasonsCost,
  sourceHash,
  sourceScan,
  sourceReread,
  sourceLatency,
  memoryLook,
  ...fleetClaims,
];
const filter = process.argv[2] ?? '';
const chosen = claims.filter((claim) => claim.name.includes(filter));
if (chosen.length === 0) {
  throw new Error(
    `No claim matches "${filter}"; there are: ${claims.map((claim) => claim.name).join(', ')}.`,
  );
}

const titles = claims.map((claim) => claim.title);
for (const claim of chosen) {
  process.stderr.write(`${claim.name} …\n`);
  const [load = Number.NaN] = loadavg();
  const measured = await claim.measure();
  const body = `${conditions(load)}\n\n${measured}`;
  process.stdout.write(`## ${claim.title}\n\n${body}\n\n`);
  // After each claim, so that a run that is broken off keeps what it has measured.
  writeFileSync(PAGE, withSection(readFileSync(PAGE, 'utf8'), titles, claim.title, body));
}

/** When, and on what machine; `load` is its load average before it was measured. */
function conditions(load: number): string {
  const at = `${new Date().toISOString().slice(0, 16).replace('T', ' at ')} UTC`;
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;
  return `Measured on ${at}: ${machine}, load average before it ${load.toFixed(1)}.`;
}
