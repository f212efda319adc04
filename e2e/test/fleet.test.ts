/**
 * The service watches fifteen real instances of five services, each behind a network that breaks: every fault shows as
 * what it is, within two polls and the damping, and changes nothing else.
 */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { after, afterEach, before, describe, test } from 'node:test';
import { waitFor } from 'portal-test-kit';
import { PATIENCE, startFleetFixture, type FleetFixture } from './fleet-fixture.js';
import type { Answer } from './fleet-instance.js';

interface Impostor {
  readonly what: string;
  readonly answer: Answer;
  readonly code: string;
}

let fleet: FleetFixture;

before(async () => {
  fleet = await startFleetFixture();
});
after(() => fleet?.close());
afterEach(() => fleet.mend());

async function assertOneIsLost(name: string): Promise<void> {
  const { instances } = await fleet.readService(name);
  assert.deepEqual([instances['healthy'], instances['unreachable']], [2, 1]);
  await fleet.assertSoon(name);
}

describe('one of three instances', () => {
  test('that is killed is told by INSTANCE_REFUSED, and the service is degraded', async () => {
    await fleet.instance('orders').program.kill();
    await fleet.until('orders', 'degraded', ['INSTANCE_REFUSED']);
    await assertOneIsLost('orders');
  });

  test('that hangs is told by INSTANCE_TIMEOUT, and the service is degraded', async () => {
    fleet.instance('orders').program.signal('SIGSTOP');
    await fleet.until('orders', 'degraded', ['INSTANCE_TIMEOUT']);
    await assertOneIsLost('orders');
  });

  for (const { fault, code } of [
    { fault: 'refuse', code: 'INSTANCE_REFUSED' },
    { fault: 'drop', code: 'INSTANCE_TIMEOUT' },
    { fault: 'blackhole', code: 'INSTANCE_TIMEOUT' },
    { fault: 'half-open', code: 'INSTANCE_TIMEOUT' },
    { fault: 'trickle', code: 'INSTANCE_TIMEOUT' },
    { fault: 'reset', code: 'INSTANCE_REFUSED' },
    { fault: 'cut', code: 'INSTANCE_REFUSED' },
  ] as const) {
    test(`whose network does ${fault} is told by ${code}, and the service is degraded`, async () => {
      await fleet.instance('orders').proxy.fault(fault);
      await fleet.until('orders', 'degraded', [code]);
      await assertOneIsLost('orders');
    });
  }

  for (const certificate of ['expired', 'of another name', 'signed by nobody known'] as const) {
    test(`whose certificate is ${certificate} is told by INSTANCE_TLS`, async () => {
      await fleet.instance('stock').certify(certificate);
      await fleet.until('stock', 'degraded', ['INSTANCE_TLS']);
      await assertOneIsLost('stock');
    });
  }

  for (const { what, answer, code } of [
    { what: 'redirects', answer: () => ({ status: 302, body: '' }), code: 'INSTANCE_NOT_HEALTH' },
    {
      what: 'answers a page',
      answer: () => ({ status: 200, body: '<h1>healthy</h1>' }),
      code: 'INSTANCE_NOT_HEALTH',
    },
    {
      what: 'contradicts itself',
      answer: () => ({ status: 503, body: '{"status":"healthy"}' }),
      code: 'INSTANCE_CONTRADICTS',
    },
    {
      what: 'says what is wrong itself',
      answer: () => ({
        status: 503,
        body: '{"status":"unhealthy","errors":["It is late (DATABASE_TIMEOUT)"]}',
      }),
      code: 'DATABASE_TIMEOUT',
    },
  ] as readonly Impostor[]) {
    test(`that ${what} is told by ${code}`, async () => {
      fleet.instance('orders').replace(answer);
      await fleet.until('orders', 'degraded', [code]);
      if (code.startsWith('INSTANCE_')) await assertOneIsLost('orders');
    });
  }

  test('that are two behind one address are told by FLEET_ADDRESS_SHARED, and the service is healthy', async () => {
    const other = fleet.instance('billing', 1);
    // Replicas that started within the same second say the same.
    await other.program.kill();
    await other.program.start();
    fleet.instance('billing', 0).shareWith(other);
    await fleet.until('billing', 'healthy', ['FLEET_ADDRESS_SHARED']);
  });

  test('that starts again and again is told by INSTANCE_RESTARTING, and the service is healthy', async () => {
    const { program } = fleet.instance('mail');
    for (let restarts = 0; restarts < 3; restarts += 1) {
      const earlier = await fleet.startOf('mail', 0);
      await program.kill();
      await program.start();
      await waitFor(
        'its start to be seen',
        async () => ![earlier, null].includes(await fleet.startOf('mail', 0)),
        PATIENCE,
      );
    }
    await fleet.until('mail', 'healthy', ['INSTANCE_RESTARTING']);
  });
});

describe('a service', () => {
  test('of which two of three are lost is unhealthy', async () => {
    await fleet.instance('orders', 0).proxy.fault('refuse');
    await fleet.instance('orders', 1).proxy.fault('blackhole');
    await fleet.until('orders', 'unhealthy', ['INSTANCE_REFUSED', 'INSTANCE_TIMEOUT']);
  });

  test('whose list is empty has too few at once, and its instances are gone, not down', async () => {
    await fleet.list('orders', []);
    await fleet.until('orders', 'unhealthy', ['FLEET_TOO_FEW']);
    assert.equal((await fleet.readService('orders')).instances['gone'], 3);
  });

  test('whose instance is taken out of the list is healthy for now', async () => {
    await fleet.list('orders', fleet.targetsOf('orders').slice(1));
    await waitFor(
      'the one that is gone',
      async () => (await fleet.readService('orders')).instances['gone'] === 1,
      PATIENCE,
    );
    assert.equal((await fleet.readService('orders')).status, 'healthy');
  });

  test('whose list is broken keeps the last one', async () => {
    // The one that the test before took out has been listed again.
    const isWhole = async (): Promise<boolean> =>
      (await fleet.readService('orders')).instances['healthy'] === 3;
    await waitFor('all three', isWhole, PATIENCE);
    await writeFile(fleet.listPath('orders'), '<h1>Sign in</h1>');
    await fleet.until('orders', 'healthy', ['FLEET_DISCOVERY_FAILED']);
    assert.ok(await isWhole());
  });
});
