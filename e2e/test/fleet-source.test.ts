/**
 * The source of twelve real instances against signed releases that the instances show themselves: a rollout, one edited file, and
 * statements that nobody should believe.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { messageData, waitFor } from 'portal-test-kit';
import { startSourceFixture, type Release, type SourceFixture } from './fleet-source-fixture.js';

const INSTANCES = 12;
/** That are deployed at once. */
const BATCH = 3;

let fleet: SourceFixture;
let old: Release;
let next: Release;

before(async () => {
  fleet = await startSourceFixture(INSTANCES);
  old = await fleet.release('1.3.1', 12);
  next = await fleet.release('1.4.0', 13);
});
after(() => fleet?.close());

/** Transitions of incidents of the source that were sent, with the instances of each. */
function told(): readonly string[] {
  return fleet.receiver.accepted.flatMap((message) => {
    const { kind, instances } = messageData(message) as {
      readonly kind: string | null;
      readonly instances: readonly { readonly instance: string }[];
    };
    const names = instances.map(({ instance }) => instance).join();
    return kind === 'source' ? [`${String(message.json['type'])} ${names}`] : [];
  });
}

test('a release that rolls over all of them reads rolling, and then verified, with nothing put at the watcher', async () => {
  await fleet.until(`verified ${INSTANCES} of ${INSTANCES}`);
  assert.equal((await fleet.read()).release?.version, '1.3.0');
  const seen: string[] = [];
  for (let count = BATCH; count <= INSTANCES; count += BATCH) {
    const batch = Array.from({ length: BATCH }, (_, index) => count - BATCH + index);
    await Promise.all(batch.map((index) => fleet.deploy(index, next)));
    const state = count === INSTANCES ? 'verified' : 'rolling';
    seen.push(...(await fleet.until(`${state} ${count} of ${INSTANCES}`)));
  }
  assert.ok(
    seen.every((one) => /^(verified|rolling) /.test(one)),
    seen.join(),
  );
  assert.deepEqual((await fleet.read()).release?.version, '1.4.0');
  assert.deepEqual(told(), []);
});

test('one edited file on one instance is told by its name within two polls, and ended', async () => {
  await fleet.deploy(4, next, true);
  await fleet.until(`mismatched ${INSTANCES - 1} of ${INSTANCES}`);
  const { odd, since } = await fleet.read();
  assert.deepEqual(odd, [fleet.targets[4]]);
  assert.ok((await fleet.pollsUntil(4, since)) <= 2);
  const began = `incident.began ${fleet.targets[4]}`;
  await waitFor('the message', () => told().length > 0, { timeoutMs: 120_000 });
  assert.deepEqual(told(), [began]);
  await fleet.deploy(4, next);
  await fleet.until(`verified ${INSTANCES} of ${INSTANCES}`);
  await waitFor('the end', () => told().length > 1, { timeoutMs: 120_000 });
  assert.deepEqual(told(), [began, `incident.ended ${fleet.targets[4]}`]);
});

for (const [what, code, make] of [
  ['forged', 'E_UNKNOWN_KEY', () => fleet.release('1.4.0', 14, { key: 'stranger' })],
  ['expired at its start', 'E_EXPIRED', () => fleet.release('1.4.0', 13, { expired: true })],
  ['older than is pinned', 'E_SEQUENCE', () => fleet.release('1.4.0', 11)],
] as const) {
  test(`a statement that is ${what} is told with its instance`, async () => {
    const toldBefore = told().length;
    await fleet.deploy(7, await make());
    await fleet.until(`mismatched ${INSTANCES} of ${INSTANCES}`);
    assert.deepEqual((await fleet.read()).refused, [{ instance: fleet.targets[7], code }]);
    await fleet.deploy(7, next);
    await fleet.until(`verified ${INSTANCES} of ${INSTANCES}`);
    await waitFor('both messages', () => told().length === toldBefore + 2, { timeoutMs: 120_000 });
  });
}

test('an older sequence that is signed is a release before: it rolls back, and is not verified', async () => {
  await fleet.deploy(0, old);
  await fleet.until(`rolling ${INSTANCES - 1} of ${INSTANCES}`);
  assert.deepEqual((await fleet.read()).odd, [fleet.targets[0]]);
  await fleet.deploy(0, next);
  await fleet.until(`verified ${INSTANCES} of ${INSTANCES}`);
});
