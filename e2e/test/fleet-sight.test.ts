/** The watcher itself stands still, or loses everything at once: it is blind, and nobody is called down. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from 'portal-test-kit';
import { named, PATIENCE, SERVICES, startFleetFixture, type FleetFixture } from './fleet-fixture.js';

const STOPPED_MS = 60_000;

let fleet: FleetFixture;

before(async () => {
  fleet = await startFleetFixture();
});
after(() => fleet?.close());
afterEach(() => fleet.mend());

describe('the watcher', () => {
  test('that was stopped for a minute calls nobody down, and says once that it was blind', async () => {
    const earlier = (await fleet.readSight()).filter((to) => to === 'blind').length;
    fleet.service.signal('SIGSTOP');
    await sleep(STOPPED_MS);
    fleet.service.signal('SIGCONT');
    const untilMs = Date.now() + 15_000;
    while (Date.now() < untilMs) {
      const document = await fleet.read();
      for (const name of SERVICES) assert.ok(['healthy', 'unknown'].includes(named(document, name).status));
      await sleep(200);
    }
    await fleet.untilAll('healthy');
    const sight = await fleet.readSight();
    assert.equal(sight.filter((to) => to === 'blind').length, earlier + 1, sight.join());
  });

  test('whose network loses everything at once is blind, and nothing is down; it sees again when that is over', async () => {
    const all = fleet.instances();
    await Promise.all(all.map(({ proxy }) => proxy.fault('blackhole')));
    await waitFor(
      'blindness',
      async () => {
        const document = await fleet.read();
        for (const name of SERVICES)
          assert.ok(['healthy', 'unknown'].includes(named(document, name).status), name);
        return document.blind !== null && document.codes.includes('FLEET_BLIND');
      },
      PATIENCE,
    );
    await sleep(8_000);
    const document = await fleet.read();
    for (const name of SERVICES) assert.equal(named(document, name).status, 'unknown', name);
    await Promise.all(all.map(({ proxy }) => proxy.heal()));
    await fleet.untilAll('healthy');
  });
});
