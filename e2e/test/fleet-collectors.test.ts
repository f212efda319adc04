/**
 * A watcher that asks the instances itself, and watchers that ask a real Prometheus and a real VictoriaMetrics, come to the
 * same verdicts, with every fault once. For minutes: `npm run e2e -- --collectors 10`.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { CollectorsResult } from './fleet-collectors-scene.js';
import { SERVICE_FAULTS } from './fleet-faults.js';

const SCENE = fileURLToPath(new URL('./fleet-collectors-scene.js', import.meta.url));
const LIMIT_MS = 560_000;

test('whoever collects, the services stand the same', async () => {
  const run = promisify(execFile)(process.execPath, ['--enable-source-maps', SCENE], { timeout: LIMIT_MS });
  const { stdout, stderr } = await run.catch((error: { stdout: string; stderr: string }) => error);
  assert.match(stdout, /^\{/, stderr);
  const { different, faults, compared } = JSON.parse(stdout) as CollectorsResult;
  assert.deepEqual(different, [], stderr);
  assert.equal(faults, SERVICE_FAULTS.length);
  assert.ok(compared > faults);
});
