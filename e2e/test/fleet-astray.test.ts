/**
 * The watcher cannot be led anywhere: in a network of the test's own, where the addresses of metadata services exist and count
 * whoever comes, every list, name, record and redirect that leads there is refused, each by its code.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { FORBIDDEN_V4, FORBIDDEN_V6, runScene } from './far-network.js';
import type { AstrayResult } from './fleet-astray-scene.js';

let result: AstrayResult;

before(async () => {
  result = await runScene<AstrayResult>('fleet-astray-scene');
});

function toldOf(service: string): readonly string[] {
  return result.told.flatMap((line) =>
    line.startsWith(`${service} `) ? line.slice(service.length + 1) : [],
  );
}

test('whoever comes to an address that may not be asked is counted', () => {
  assert.deepEqual(result.control.toSorted(), [...FORBIDDEN_V4, ...FORBIDDEN_V6].toSorted());
});

test('the watcher came to none of them, nor to its own loopback, nor to a proxy of the environment', () => {
  assert.deepEqual(result.astray, []);
});

for (const [service, what] of [
  ['listed', 'an address in a list, however it is written'],
  ['named', 'a name, also where only one of its addresses may not be asked'],
  ['srv', 'a record of a service'],
] as const) {
  test(`${what} is told by INSTANCE_ADDRESS_NOT_ALLOWED`, () => {
    const told = toldOf(service);
    assert.ok(told.length >= 3);
    assert.deepEqual(
      told.filter((line) => !line.endsWith(' unreachable INSTANCE_ADDRESS_NOT_ALLOWED')),
      [],
    );
  });
}

test('a redirect is told by INSTANCE_NOT_HEALTH, and followed by nobody', () => {
  const told = toldOf('redirecting');
  assert.equal(told.length, 5);
  assert.deepEqual(
    told.filter((line) => !line.endsWith(' unreachable INSTANCE_NOT_HEALTH')),
    [],
  );
});

test('a name that leads elsewhere once it was checked is asked where it was checked', () => {
  assert.deepEqual(toldOf('rebinding'), ['rebinding.example:8080 healthy']);
  assert.deepEqual(result.rebound, { questions: 2, arrived: true });
});

test('a token goes to the networks of its service alone', () => {
  assert.deepEqual(toldOf('tokens').toSorted(), [
    '10.77.0.2:8401 healthy',
    '10.78.0.2:8401 unreachable INSTANCE_TOKEN_WITHHELD',
  ]);
  assert.deepEqual(result.tokens.toSorted(), ['10.77.0.2 Bearer the-token-of-a-service', '10.78.0.2 null']);
});

test('a list that is moved, or named so that it leads to metadata, is no list', () => {
  assert.deepEqual(result.discovery, {
    'moved-list': ['FLEET_DISCOVERY_FAILED'],
    'metadata-list': ['FLEET_DISCOVERY_FAILED'],
  });
});
