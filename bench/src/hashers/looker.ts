/**
 * All the modules of the service, loaded and idle, with a source that is watched as the service watches its own; sends what
 * looks into memory have cost. `LOOKS` says how they are made: `none`, `followed` (since the start), `asked` (nothing is compiled
 * between two) or `compiling` (something is).
 */
import { createRequire } from 'node:module';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { followScripts } from 'portal-integrity/follow';

export interface LookCost {
  /** How long the first look and each later one held the event loop. */
  readonly firstMs: number;
  readonly heldMs: readonly number[];
  readonly scripts: number;
  readonly looks: number;
  /** Processor time of all threads, and the longest delay of the event loop, each over a time of its own. */
  readonly cpuMs: number;
  readonly delayMs: number;
}

/** Often enough that it is before each look. */
const COMPILE_MS = 50;
const { LOOKS = 'none', SPAN_MS = '4000' } = process.env;
const spanMs = Number(SPAN_MS);
const followMemory = LOOKS === 'followed' && followScripts();
const { watchSource } = await import('portal-integrity');
const server = join(
  dirname(createRequire(import.meta.url).resolve('portal-server/package.json')),
  'dist/src',
);
await import(pathToFileURL(join(server, 'serve.js')).href);
const { SOURCE }: { readonly SOURCE: { readonly root: string; readonly exclude: string } } = await import(
  pathToFileURL(join(server, 'config/installation.js')).href
);

const source = watchSource({
  root: SOURCE.root,
  exclude: SOURCE.exclude.split(','),
  // Scans are measured elsewhere.
  scanIntervalMs: 3_600_000,
  ...(LOOKS === 'none' ? {} : { memoryIntervalMs: 200 }),
  followMemory,
});
await source.start();
const first = source.state().loaded;
let heldMs: number[] = [];
let last = first;
source.onChange(() => {
  const { loaded } = source.state();
  if (loaded && loaded !== last) heldMs.push(loaded.held_ms);
  last = loaded;
});
if (LOOKS === 'compiling') {
  let made = 0;
  // oxlint-disable-next-line no-implied-eval, no-new-func -- what an application does that makes code from text
  setInterval(() => new Function(`return ${(made += 1)}`), COMPILE_MS).unref();
}
await sleep(1_000);

heldMs = [];
const before = process.cpuUsage();
await sleep(spanMs);
const { user, system } = process.cpuUsage(before);
const looks = heldMs.length;

const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
await sleep(spanMs);
delay.disable();

const cost: LookCost = {
  firstMs: first?.held_ms ?? 0,
  heldMs,
  scripts: (first?.scripts ?? 0) + (first?.outside ?? 0),
  looks,
  cpuMs: (user + system) / 1_000,
  delayMs: delay.max / 1e6,
};
process.send?.(cost, () => process.exit());
