import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { describe, test } from 'node:test';
import { networks } from '../../src/config/url-rules.js';
import { clientAddress, createTrustedProxies, plainAddress } from '../../src/infra/client-address.js';

describe('an address has one spelling', () => {
  const spellings: readonly [written: string, plain: string | undefined][] = [
    ['192.0.2.7', '192.0.2.7'],
    ['192.0.2.7:5678', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::FFFF:c000:0207', '192.0.2.7'],
    ['0:0:0:0:0:ffff:192.0.2.7', '192.0.2.7'],
    ['[::ffff:192.0.2.7]:443', '192.0.2.7'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['[192.0.2.7]', undefined],
    ['192.0.2.07', undefined],
    ['192.0.2', undefined],
    ['0x7f000001', undefined],
    ['unknown', undefined],
    ['_hidden', undefined],
    ['"192.0.2.7"', undefined],
    ['192.0.2.7:port', undefined],
    ['', undefined],
  ];
  for (const [written, plain] of spellings) {
    test(JSON.stringify(written), () => assert.equal(plainAddress(written), plain));
  }

  test('and of IPv6 a client is its network', () => {
    assert.equal(clientAddress('2001:db8::1:2:3:4'), clientAddress('2001:0DB8:0:0:ffff::'));
    assert.notEqual(clientAddress('2001:db8:0:1::1'), clientAddress('2001:db8::1'));
    assert.equal(clientAddress('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2');
  });
});

test('who is trusted is trusted in every spelling, and nobody else', () => {
  const { isTrusted } = createTrustedProxies(
    networks('127.0.0.1, 10.0.0.0/8,2001:db8::/32,::ffff:172.16.0.0/108'),
  );
  for (const address of [
    '127.0.0.1',
    '::ffff:127.0.0.1',
    '10.255.0.1',
    '::ffff:a01:203',
    '2001:DB8::7',
    '172.31.255.255',
  ]) {
    assert.ok(isTrusted(address), address);
  }
  for (const address of ['127.0.0.2', '11.0.0.1', '2001:db9::1', '172.32.0.1', '::1', 'rubbish', undefined]) {
    assert.ok(!isTrusted(address), address);
  }
  assert.ok(!createTrustedProxies().isTrusted('127.0.0.1'));
});

describe('of X-Forwarded-For the addresses are left, from the last to the first that is none', () => {
  const rows: readonly [said: string, left: string | undefined][] = [
    ['192.0.2.7', '192.0.2.7'],
    ['198.51.100.1, 192.0.2.7:9999', '198.51.100.1, 192.0.2.7'],
    ['<script>, 192.0.2.7', '192.0.2.7'],
    ['198.51.100.1, unknown, 192.0.2.7', '192.0.2.7'],
    ['192.0.2.7, unknown', undefined],
    [',, ,', undefined],
    ['192.0.2.7,, 10.0.0.1', '192.0.2.7, 10.0.0.1'],
    ['[2001:db8::1]:443,::ffff:10.0.0.1', '2001:db8::1, 10.0.0.1'],
    [
      `${'198.51.100.1,'.repeat(5_000)}192.0.2.7`,
      [...Array.from({ length: 31 }, () => '198.51.100.1'), '192.0.2.7'].join(', '),
    ],
  ];
  const proxies = createTrustedProxies(networks('127.0.0.1'));
  for (const [said, left] of rows) {
    test(said.slice(0, 60), () => {
      const headers: IncomingMessage['headers'] = { 'x-forwarded-for': said };
      proxies.tidy({ headers } as IncomingMessage);
      assert.equal(headers['x-forwarded-for'], left);
    });
  }
});
