import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createNetworkSet, isLoopback, isNetwork, mayBeAsked } from '../../src/fleet/networks.js';

describe('an address', () => {
  for (const address of [
    '169.254.169.254',
    '169.254.0.1',
    'fe80::1',
    'fe80::1%eth0',
    'febf::1',
    'fd00:ec2::254',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
    '0.0.0.0',
    '0.1.2.3',
    '::',
    '224.0.0.1',
    'ff02::1',
    '255.255.255.255',
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    '::a9fe:a9fe',
    '64:ff9b::169.254.169.254',
    '2002:a9fe:a9fe::',
    '::ffff:0:a9fe:a9fe',
    '::ffff:0.0.0.0',
    '::ffff:e000:1',
    '64:ff9b:1::a9fe:a9fe',
    '64:ff9b:1:a9fe:a9:fe00::',
    '2001:0:a9fe:a9fe::1',
    'fd12::5efe:169.254.169.254',
    '2001:db8::200:5efe:a9fe:a9fe',
    'fd00:ec2::23',
    'fd20:ce::254',
    'fd00:a9fe:a9fe::1',
    'fd00:42::42',
    '::ffff:169.254.169.254%eth0',
    'no address',
    '',
  ]) {
    test(`${address || 'of nothing'} is never asked`, () => {
      assert.ok(!mayBeAsked(address, true));
      assert.ok(!mayBeAsked(address, false));
    });
  }

  for (const address of [
    '127.0.0.1',
    '127.9.9.9',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '64:ff9b::7f00:1',
    '::ffff:0:7f00:1',
    '::127.0.0.1',
    '2002:7f00:1::',
    'fd12::5efe:127.0.0.1',
  ]) {
    test(`${address} is loopback: asked only where the file names it`, () => {
      assert.ok(isLoopback(address));
      assert.ok(mayBeAsked(address, true));
      assert.ok(!mayBeAsked(address, false));
    });
  }

  for (const address of [
    '10.0.0.1',
    '192.0.2.1',
    '100.64.0.1',
    '2001:db8::1',
    'fd12::1',
    '::ffff:10.0.0.1',
    '64:ff9b::10.0.0.1',
    '2001:4860::1',
    'fd00:ec3::1',
  ]) {
    test(`${address} is asked`, () => assert.ok(mayBeAsked(address, false)));
  }
});

test('a set of networks holds addresses of both families, mapped ones as what they lead to', () => {
  const networks = createNetworkSet(['10.0.0.0/8', 'fc00::/7', '192.0.2.7']);
  assert.deepEqual(
    ['10.255.0.1', '11.0.0.1', 'fd00::1', 'fe00::1', '192.0.2.7', '192.0.2.8', '::ffff:10.1.2.3'].map(
      (address) => networks.has(address),
    ),
    [true, false, true, false, true, false, true],
  );
});

test('a network is told from what is none', () => {
  const good = ['10.0.0.0/8', '10.0.0.1', 'fc00::/7', '::1/128', '0.0.0.0/0'];
  const bad = ['10.0.0.0/33', 'fc00::/129', '10.0.0/8', 'fe80::%eth0/10', 'example.com', '10.0.0.0/', ''];
  assert.ok(good.every(isNetwork));
  assert.ok(!bad.some(isNetwork));
});
