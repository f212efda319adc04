/** What may be lost of three watchers and two Alertmanagers, and a run of the scene in which it is, as a process of its own. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** What must hold of each. */
export const LOSSES = {
  'watcher-killed': 'told once',
  'watcher-frozen': 'told once',
  'watcher-cut-off': 'told once',
  'alertmanager-killed': 'told once',
  'alertmanager-frozen': 'none lost',
  'alertmanagers-cut': 'none lost',
} as const;
export type Loss = keyof typeof LOSSES;
export type Stores = 'up' | 'away';

export interface WatchersResult {
  /** How old each incident was at the loss, in seconds, that had begun. */
  readonly moments: readonly number[];
  readonly wrong: readonly string[];
  readonly seconds: number;
}

const SCENE = fileURLToPath(new URL('./fleet-watchers-scene.js', import.meta.url));
const LIMIT_MS = 560_000;

/** @returns what came of it, and what it said meanwhile */
export async function runLoss(
  loss: Loss,
  stores: Stores,
): Promise<WatchersResult & { readonly said: string }> {
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--enable-source-maps', SCENE, loss, stores],
    { timeout: LIMIT_MS },
  ).catch((error: { stdout: string; stderr: string }) => error);
  if (!stdout.startsWith('{')) throw new Error(`${loss}, stores ${stores}:\n${stderr}`);
  return { ...(JSON.parse(stdout) as WatchersResult), said: stderr };
}
