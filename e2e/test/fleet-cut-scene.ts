/**
 * The watcher's own network is cut for a while. IPv6 is off, and one service has an instance there: that is its own matter.
 * Prints how all stood meanwhile, and what happened.
 */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { waitFor } from 'portal-test-kit';
import { startFarHost, startWatcher, type FleetDocument } from './far-watcher.js';

export interface CutResult {
  /** Before the cut, with an instance that cannot be reached from here. */
  readonly before: readonly string[];
  /** Every status that was seen while the network was cut and until all were well again. */
  readonly meanwhile: readonly string[];
  readonly wasBlind: boolean;
  /** Since the cut, the first one first: of the watcher itself, and of services and instances. */
  readonly sight: readonly string[];
  readonly events: readonly string[];
}

const CUT_MS = 25_000;
const CHECKED = ['orders', 'stock'];

const folder = process.argv[2] ?? '';
const ip = (...args: readonly string[]) => promisify(execFile)('ip', args);
await writeFile('/proc/sys/net/ipv6/conf/all/disable_ipv6', '1');
const far = await startFarHost();
const watcher = await startWatcher(
  folder,
  `
defaults: { scheme: http, interval: 2s, timeout: 2s, failure_threshold: 2, success_threshold: 2 }
services:
  - { name: orders, discover: { static: ['http://10.77.0.2:8080', 'http://10.77.0.2:8081'] } }
  - { name: stock, discover: { static: ['http://10.78.0.2:8080', 'http://10.78.0.2:8081'] } }
  - { name: sixth, discover: { static: ['http://[2001:db8::1]:8080'] } }
`,
);

async function statuses(): Promise<{
  readonly blind: boolean;
  readonly of: Readonly<Record<string, string>>;
}> {
  const { blind, services } = await watcher.get<FleetDocument>('');
  return {
    blind: blind !== null,
    of: Object.fromEntries(
      services.map(({ name, status, codes }) => [name, `${status} ${codes.join()}`.trim()]),
    ),
  };
}

async function untilWell(): Promise<void> {
  await waitFor(
    'all to be well',
    async () => {
      const { blind, of } = await statuses();
      return !blind && CHECKED.every((name) => of[name] === 'healthy');
    },
    { timeoutMs: 120_000, everyMs: 200 },
  );
}

await untilWell();
await waitFor(
  'the sixth to be judged',
  async () => (await statuses()).of['sixth']?.startsWith('unhealthy') ?? false,
  {
    timeoutMs: 120_000,
  },
);
const before = Object.entries((await statuses()).of).map(([name, status]) => `${name} ${status}`);
interface Event {
  readonly id: number;
  readonly service: string | null;
  readonly instance: string | null;
  readonly to: string;
}
const readEvents = async (): Promise<readonly Event[]> =>
  (await watcher.get<{ events: readonly Event[] }>('/events?limit=1000')).events.toReversed();
const last = (await readEvents()).at(-1)?.id ?? 0;

const seen = new Set<string>();
let wasBlind = false;
async function look(): Promise<void> {
  const { blind, of } = await statuses();
  wasBlind ||= blind;
  for (const name of CHECKED) seen.add(`${of[name]}`);
}
await ip('link', 'set', 'near', 'down');
const untilMs = performance.now() + CUT_MS;
while (performance.now() < untilMs) {
  await look();
  await sleep(200);
}
await ip('link', 'set', 'near', 'up');
await ip('route', 'replace', '10.78.0.2', 'via', '10.77.0.2');
await waitFor(
  'all to be well again',
  async () => {
    await look();
    const { blind, of } = await statuses();
    return !blind && CHECKED.every((name) => of[name] === 'healthy');
  },
  { timeoutMs: 120_000, everyMs: 200 },
);
// What was lost meanwhile would be told by now.
await sleep(8_000);
await look();

const since = (await readEvents()).filter(({ id }) => id > last);
const result: CutResult = {
  before,
  meanwhile: [...seen],
  wasBlind,
  sight: since.flatMap(({ service, to }) => (service === null ? to : [])),
  events: since.flatMap(({ service, instance, to }) =>
    service !== null && CHECKED.includes(service) ? `${service} ${instance ?? ''} ${to}` : [],
  ),
};
process.stdout.write(JSON.stringify(result));
await watcher.close();
await far.close();
process.exit();
