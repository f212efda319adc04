/**
 * What Kubernetes does to a service, for two minutes: two services behind a Service, a prober that asks each every second and
 * waits a second, a rolling restart under traffic, a frozen database and a frozen cache. Liveness never fails, and
 * readiness fails for no store, only for a shutdown and for trouble of the process itself; no request is lost to a restart.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startPostgres, startRedis, waitFor, type PostgresServer, type RedisServer } from 'portal-test-kit';
import { startPod, type Pod } from './pod.js';
import { startSwitch, type Switch } from './switch.js';
import { startTraffic } from './traffic.js';

const DURATION_MS = 120_000;
/** Interval, deadline and one period of the prober: after this long a change of the stores has been seen. */
const SEEN_WITHIN_MS = 6_000;

let postgres: PostgresServer;
let redis: RedisServer;
let service: Switch;
const pods: Pod[] = [];

before(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  service = await startSwitch(() => pods.filter((pod) => pod.ready()).map(({ port }) => port));
});

after(async () => {
  await Promise.all(pods.map((pod) => pod.kill()));
  await service.close();
  await redis.close();
  await postgres.close();
});

test('two minutes under a prober', { timeout: 240_000 }, async () => {
  const environment = { DATABASE_URL: await postgres.createDatabase(), REDIS_URL: redis.url };
  const launch = async (): Promise<Pod> => {
    const pod = await startPod(environment);
    pods.push(pod);
    await waitFor('a pod that gets traffic', () => pod.ready(), { timeoutMs: 20_000 });
    return pod;
  };
  const beganMs = performance.now();
  const old = [await launch(), await launch()];

  const traffic = startTraffic(service.port);
  await sleep(5_000);
  for (const pod of old) {
    await launch();
    assert.equal(await pod.terminate(), 0);
  }
  await sleep(3_000);
  assert.ok(traffic.responses() > 100);
  assert.deepEqual(await traffic.stop(), [], 'a rolling restart fails no request');

  redis.freeze();
  const cacheFrozenMs = performance.now();
  await sleep(15_000);
  redis.thaw();
  await sleep(SEEN_WITHIN_MS);

  await postgres.freeze();
  const frozenMs = performance.now();
  await sleep(25_000);
  const current = pods.slice(-2);
  const ready = current.map((pod) => pod.ready() || pod.checks.at(-1)?.isTroubled);
  await postgres.thaw();
  const thawedMs = performance.now();
  await sleep(Math.max(5_000, DURATION_MS - (performance.now() - beganMs)));
  assert.deepEqual(ready, [true, true], 'the freeze is of a store that both share');
  for (const pod of pods) await pod.terminate();

  const looks = pods.flatMap((pod) => pod.checks);
  const degraded = looks.filter(
    ({ statusBefore, atMs }) => statusBefore === 'degraded' && atMs > cacheFrozenMs,
  );
  assert.ok(degraded.length > 5, 'the frozen cache was seen');
  assert.ok(looks.length > 200, `${looks.length} looks`);
  let freezeSeen = 0;
  for (const pod of pods) {
    assert.ok(pod.checks.length > 5);
    for (const { atMs, untilMs, livez, readyz, statusBefore, statusAfter, isTroubled } of pod.checks) {
      const when = `pod ${pod.pid}, ${Math.round(atMs - beganMs)} ms: readyz ${readyz}, report ${statusBefore} and ${statusAfter}`;
      assert.equal(livez, 200, `liveness, ${when}`);
      // What the report says before and after is what holds between, unless it changed.
      const told = pod.terminatedMs !== undefined && untilMs >= pod.terminatedMs;
      // A machine that keeps the process waiting is trouble of its own, which no store has made.
      if (!told && !isTroubled) assert.equal(readyz, 200, when);
      const isUnhealthy = statusBefore === 'unhealthy' && statusAfter === 'unhealthy';
      if (!isUnhealthy || told) continue;
      freezeSeen += 1;
      assert.ok(untilMs > frozenMs && atMs < thawedMs + SEEN_WITHIN_MS, `only for the freeze: ${when}`);
    }
  }
  assert.ok(freezeSeen > 5, 'the freeze was seen');
});
