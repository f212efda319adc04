/** Signs of life: none while something stands still, one again when it moves, and nothing of the URL in the log. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from 'portal-test-kit';
import { createLog } from '../../../src/infra/log.js';
import { createHeartbeat } from '../../../src/monitoring/alerts/heartbeat.js';

const INTERVAL_MS = 20;

async function startSwitch(t: TestContext) {
  const beats: string[] = [];
  const state = { status: 200 };
  const server = createServer((request, response) => {
    beats.push(`${request.method} ${request.url}`);
    response.writeHead(state.status).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { beats, state, url: new URL(`http://127.0.0.1:${port}/ping/T0P-S3CRET?a=1`) };
}

test('it beats while all moves, stands still with what stands still, and goes on with it', async (t) => {
  const { beats, url } = await startSwitch(t);
  const lines: string[] = [];
  let cause: string | undefined;
  const log = createLog({ level: 'debug', destination: { write: (line: string) => void lines.push(line) } });
  const heartbeat = createHeartbeat({ url, standstill: () => cause, log, intervalMs: INTERVAL_MS });
  heartbeat.start();
  t.after(() => heartbeat.close());
  await waitFor('beats', () => beats.length >= 3);
  assert.deepEqual([...new Set(beats)], ['GET /ping/T0P-S3CRET?a=1']);

  cause = 'alerts are not accepted';
  await waitFor('it to be told', () => lines.length > 0);
  // One may be under way.
  await sleep(5 * INTERVAL_MS);
  const stood = beats.length;
  await sleep(10 * INTERVAL_MS);
  assert.equal(beats.length, stood);
  assert.equal(lines.length, 1, 'told once for all the times');
  assert.match(lines[0] ?? '', /alerts are not accepted/);

  cause = undefined;
  await waitFor('it to go on', () => beats.length > stood);
});

test('a switch that refuses is told once and asked again, and its address is in no line', async (t) => {
  const { beats, state, url } = await startSwitch(t);
  state.status = 500;
  const lines: string[] = [];
  const log = createLog({ level: 'debug', destination: { write: (line: string) => void lines.push(line) } });
  const heartbeat = createHeartbeat({ url, standstill: () => undefined, log, intervalMs: INTERVAL_MS });
  heartbeat.start();
  t.after(() => heartbeat.close());
  await waitFor('it to be asked again', () => beats.length >= 5);
  await waitFor('a line', () => lines.length > 0);
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? '', /WEBHOOK_REFUSED/);
  assert.doesNotMatch(lines.join(''), /T0P-S3CRET|127\.0\.0\.1/);
});
