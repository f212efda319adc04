/** Lists by name as a real name server gives them, whose long answers come by TCP, cut where a message ends. */
import assert from 'node:assert/strict';
import { after, before, test, type TestContext } from 'node:test';
import { startDnsmasq, waitFor, type Dnsmasq } from 'portal-test-kit';
import type { Discovered } from '../../src/fleet/discovery/discovered.js';
import { createDiscovery, type OwnDiscover } from '../../src/fleet/discovery/discovery.js';

const SERVICE = '_health._tcp.orders.example';

const addresses = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `10.1.${index >> 8}.${index & 255}`);
const some = { 'one.example': addresses(1), 'hundreds.example': addresses(300) };

let names: Dnsmasq;

before(async () => {
  names = await startDnsmasq({
    addresses: {
      ...some,
      'thousands.example': addresses(3_000),
      'too-many.example': addresses(5_000),
      'both.example': ['10.1.0.1', 'fd12::1'],
    },
    services: {
      [SERVICE]: Array.from({ length: 20 }, (_, i) => ({ host: `i${i}.example`, port: 8_000 + i })),
    },
  });
});

after(() => names?.close());

/** Looks every 200 ms, and gives how to read the last result. */
function look(t: TestContext, discover: OwnDiscover): () => Discovered | undefined {
  let last: Discovered | undefined;
  const discovery = createDiscovery({
    discover,
    nameServer: names.address,
    everyMs: 200,
    onResult: (found) => {
      last = found;
    },
  });
  t.after(() => discovery.close());
  return () => last;
}

function counted(found: Discovered | undefined): string {
  return found?.kind === 'list' ? `${new Set(found.targets).size} targets` : `${found?.code} ${found?.cause}`;
}

async function until(read: () => Discovered | undefined, expected: string): Promise<void> {
  await waitFor(expected, () => counted(read()) === expected, { timeoutMs: 60_000 });
}

for (const [name, expected] of [
  ['one.example', '1 targets'],
  ['hundreds.example', '300 targets'],
  ['thousands.example', '3000 targets'],
  ['both.example', '2 targets'],
  ['too-many.example', 'FLEET_DISCOVERY_SHORT the answer has 4000 records or more'],
] as const) {
  test(`${name} gives ${expected}`, async (t) => {
    await until(look(t, { kind: 'dns', name, port: 8080 }), expected);
  });
}

test('a name that grows and shrinks is followed, and one that is gone is a failure', async (t) => {
  const read = look(t, { kind: 'dns', name: 'one.example', port: 8080 });
  await until(read, '1 targets');
  await names.setAddresses({ ...some, 'one.example': addresses(4) });
  await until(read, '4 targets');
  await names.setAddresses({ ...some, 'one.example': addresses(2) });
  await until(read, '2 targets');
  await names.setAddresses({ 'hundreds.example': addresses(300) });
  await until(read, 'FLEET_DISCOVERY_FAILED ENOTFOUND');
});

test('SRV gives each host with its port', async (t) => {
  const read = look(t, { kind: 'srv', name: SERVICE });
  await until(read, '20 targets');
  const found = read();
  assert.ok(found?.kind === 'list' && found.targets.includes('i7.example:8007'));
});
