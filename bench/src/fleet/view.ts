/**
 * Claim: the page of 10,000 instances is small, and takes the service little time, at its first view.
 */
import { gunzipSync } from 'node:zlib';
import { request } from 'undici';
import type { Claim } from '../claim.js';
import type { RunningService } from '../service.js';
import { median, table } from '../statistics.js';
import { onBed, untilKnown } from './bed.js';

const MANY = 10_000;
const INTERVAL_MS = 10_000;
const ROUNDS = 15;

export const fleetView: Claim = {
  name: 'fleet-view',
  title: 'First view of the page of 10,000 instances',
  measure: onBed((bed) =>
    bed.group(async (group) => {
      const { watcher } = await group.watch('view', MANY, INTERVAL_MS);
      await untilKnown(watcher, { healthy: MANY });
      const views: (readonly Answer[])[] = [];
      for (let round = 0; round < ROUNDS; round += 1) views.push(await firstView(watcher));
      const [first = []] = views;
      const rows = first.map(({ path, bytes }, index) => [
        `\`${path}\``,
        (bytes / 1_000).toFixed(1),
        median(views.map((view) => view[index]?.ms ?? Number.NaN)).toFixed(1),
      ]);
      const sum = (view: readonly Answer[], key: 'bytes' | 'ms'): number =>
        view.reduce((total, answer) => total + answer[key], 0);
      const total = [
        '**all**',
        (sum(first, 'bytes') / 1_000).toFixed(1),
        median(views.map((view) => sum(view, 'ms'))).toFixed(1),
      ];
      return [
        '`npm run bench -- fleet-view`: the document, what it names, and what the page asks for at once, one after the other, ' +
          `by gzip; ${ROUNDS} rounds, while all ${MANY.toLocaleString('en')} are polled every ${INTERVAL_MS / 1_000} s. ` +
          'Bytes are of the bodies, time is until the last byte. Medians.',
        table(['request', 'kB', 'ms'], [...rows, total]),
      ].join('\n\n');
    }),
  ),
};

interface Answer {
  readonly path: string;
  readonly bytes: number;
  readonly ms: number;
}

/** What the page asks for before it can be read, beside its own files. */
const ASKED = ['/v1/users/me', '/v1/admin/fleet'];

async function firstView(service: RunningService): Promise<readonly Answer[]> {
  const document = await ask(service, '/');
  const named = [...document.text.matchAll(/(?:src|href)="(?:\.\/|\/)?(assets\/[^"]+)"/g)].map(
    ([, path = '']) => `/${path}`,
  );
  const answers = [document];
  for (const path of [...named, ...ASKED]) answers.push(await ask(service, path));
  return answers.map(({ path, bytes, ms }) => ({ path: path.replace(/-[\w-]{8}\./, '-….'), bytes, ms }));
}

/** `fetch` would decode, and not say how many bytes came. */
async function ask({ port, session }: RunningService, path: string): Promise<Answer & { text: string }> {
  const beganMs = performance.now();
  const { statusCode, headers, body } = await request(`http://127.0.0.1:${port}${path}`, {
    headers: { cookie: `psession=${session}`, 'accept-encoding': 'gzip' },
  });
  const bytes = Buffer.from(await body.arrayBuffer());
  const ms = performance.now() - beganMs;
  if (statusCode !== 200) throw new Error(`${path} was answered with ${statusCode}.`);
  const plain = headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
  return { path, bytes: bytes.length, ms, text: plain.toString('utf8') };
}
