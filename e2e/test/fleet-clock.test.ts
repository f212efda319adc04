/** The clock of the watcher is set back, and forth again: nobody is called down, and what happens next is still seen. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fetchAptPackage, waitFor } from 'portal-test-kit';
import { named, PATIENCE, SERVICES, startFleetFixture, type FleetFixture } from './fleet-fixture.js';

const LIBRARY = 'libfaketimeMT.so.1';
/** Several polls of each instance. */
const WATCHED_MS = 15_000;

let folder: string;
let fleet: FleetFixture;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portal-clock-'));
  // Ahead, so that certificates made now hold all along.
  await setClock('+1h');
  const place = await fetchAptPackage({ name: 'libfaketime', withDependencies: false });
  const files = await readdir(place, { recursive: true });
  const library = files.find((file) => file.endsWith(`/${LIBRARY}`)) ?? assert.fail(files.join());
  fleet = await startFleetFixture({
    LD_PRELOAD: join(place, library),
    FAKETIME_TIMESTAMP_FILE: join(folder, 'clock'),
    FAKETIME_NO_CACHE: '1',
    // Nobody sets this one.
    DONT_FAKE_MONOTONIC: '1',
  });
});

after(async () => {
  await fleet?.close();
  await rm(folder, { recursive: true, force: true });
});

async function setClock(offset: string): Promise<void> {
  await writeFile(join(folder, 'new'), offset);
  await rename(join(folder, 'new'), join(folder, 'clock'));
}

/** How far its clock is from ours. */
async function offsetMs(): Promise<number> {
  return Date.parse((await fleet.read()).checked_at) - Date.now();
}

async function assertNobodyIsDown(): Promise<void> {
  const untilMs = performance.now() + WATCHED_MS;
  while (performance.now() < untilMs) {
    const document = await fleet.read();
    for (const name of SERVICES) assert.ok(['healthy', 'unknown'].includes(named(document, name).status));
    await sleep(200);
  }
  await fleet.untilAll('healthy');
}

for (const { what, offset, hours } of [
  { what: 'set back by an hour', offset: '+0', hours: 0 },
  { what: 'set forth again', offset: '+1h', hours: 1 },
]) {
  test(`a clock ${what} takes nobody down`, async () => {
    await setClock(offset);
    await waitFor(
      'polls by the new clock',
      async () => Math.abs((await offsetMs()) - hours * 3_600_000) < 1_800_000,
      PATIENCE,
    );
    await assertNobodyIsDown();
    await fleet.instance('orders').program.kill();
    await fleet.until('orders', 'degraded', ['INSTANCE_REFUSED']);
    await fleet.mend();
  });
}
