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
  const state = { status: 200, answersAfterMs: 0 };
  const server = createServer((request, response) => {
    beats.push(`${request.method} ${request.url}`);
    setTimeout(() => response.writeHead(state.status).end(), state.answersAfterMs);
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
  let asked = 0;
  let begun = 0;
  function standstill(): string | undefined {
    asked += 1;
    if (cause === undefined) begun += 1;
    return cause;
  }
  const log = createLog({ level: 'debug', destination: { write: (line: string) => void lines.push(line) } });
  const heartbeat = createHeartbeat({ url, standstill, log, intervalMs: INTERVAL_MS });
  heartbeat.start();
  t.after(() => heartbeat.close());
  await waitFor('beats', () => beats.length >= 3);
  assert.deepEqual([...new Set(beats)], ['GET /ping/T0P-S3CRET?a=1']);

  cause = 'alerts are not accepted';
  await waitFor('it to be told', () => lines.length > 0);
  // On a busy machine some are under way for long.
  await waitFor('those that were begun', () => beats.length === begun);
  const since = asked;
  await waitFor('times without one', () => asked >= since + 10);
  await sleep(10 * INTERVAL_MS);
  assert.equal(beats.length, begun);
  assert.equal(lines.length, 1, 'told once for all the times');
  assert.match(lines[0] ?? '', /alerts are not accepted/);

  cause = undefined;
  const stood = beats.length;
  await waitFor('it to go on', () => beats.length > stood);
});

test('an answer that comes after a standstill was told does not have it told again', async (t) => {
  const { beats, state, url } = await startSwitch(t);
  state.answersAfterMs = 5 * INTERVAL_MS;
  const lines: string[] = [];
  const now: { cause?: string } = {};
  const log = createLog({ level: 'debug', destination: { write: (line: string) => void lines.push(line) } });
  const heartbeat = createHeartbeat({ url, standstill: () => now.cause, log, intervalMs: INTERVAL_MS });
  heartbeat.start();
  t.after(() => heartbeat.close());
  await waitFor('beats', () => beats.length >= 3);
  now.cause = 'there is no poll';
  await waitFor('it to be told', () => lines.length > 0);
  await sleep(20 * INTERVAL_MS);
  assert.equal(lines.length, 1, lines.join(''));
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
