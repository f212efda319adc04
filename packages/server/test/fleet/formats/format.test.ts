import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { readResponse, type Format } from '../../../src/fleet/formats/format.js';
import { isPointer, valueAt } from '../../../src/fleet/formats/json-pointer.js';

const NOW_MS = Date.parse('2026-03-01T12:00:00Z');
const HASH = 'a'.repeat(64);

interface ReadOptions {
  readonly status?: number;
  readonly format?: Format;
}

function read(body: unknown, { status = 200, format = 'portal' }: ReadOptions = {}) {
  return readResponse(
    { status, body: typeof body === 'string' ? body : JSON.stringify(body) },
    format,
    NOW_MS,
  );
}

function healthIn(body: unknown, options: ReadOptions = {}): string {
  const reading = read(body, options);
  return typeof reading === 'string' ? reading : reading.health;
}

describe('the document of this product', () => {
  test('gives its status, codes, start and hash, and nothing else', () => {
    const reading = read({
      status: 'degraded',
      started_at: '2026-03-01T00:00:00Z',
      source_hash: HASH,
      errors: [
        'The database answers slowly (DATABASE_SLOW)',
        'orders: The cache is late (CACHE_SLOW)',
        'no code',
      ],
      secret: 'kept nowhere',
    });
    assert.deepEqual(reading, {
      health: 'degraded',
      codes: ['DATABASE_SLOW', 'CACHE_SLOW'],
      startedAtMs: Date.parse('2026-03-01T00:00:00Z'),
      sourceHash: HASH,
    });
  });

  test('takes the word of the body, and a contradiction for what it is', () => {
    assert.equal(healthIn({ status: 'unhealthy' }), 'unhealthy');
    assert.equal(healthIn({ status: 'unhealthy' }, { status: 503 }), 'unhealthy');
    assert.equal(healthIn({ status: 'healthy' }, { status: 503 }), 'INSTANCE_CONTRADICTS');
    assert.equal(healthIn({ status: 'healthy' }, { status: 404 }), 'INSTANCE_CONTRADICTS');
  });

  test('drops what is no hash, no code and no time, and keeps the rest', () => {
    for (const document of [
      {
        source_hash: HASH.toUpperCase(),
        started_at: '2126-01-01T00:00:00Z',
        errors: ['x (<b>CODE</b>)', 7, null],
      },
      { source_hash: `${HASH}0`, started_at: 'yesterday', errors: 'none (CODE_OF_TEXT)' },
      { source_hash: 7, started_at: '2026-02-31T99:00:00Z', errors: { 0: '(CODE)' } },
    ]) {
      assert.deepEqual(read({ status: 'healthy', ...document }), {
        health: 'healthy',
        codes: [],
        startedAtMs: null,
        sourceHash: null,
      });
    }
  });

  test('shows unknown codes, at most sixteen', () => {
    const errors = Array.from(
      { length: 20 },
      (_, index) => `Something (CODE_${'ABCDEFGHIJKLMNOPQRST'[index]})`,
    );
    const reading = read({ status: 'degraded', errors });
    assert.ok(typeof reading !== 'string' && reading.codes.length === 16);
  });

  for (const [what, body] of Object.entries({
    'an empty body': '',
    'a page': '<!doctype html><h1>healthy</h1>',
    'a list': [{ status: 'healthy' }],
    'another case': { status: 'HEALTHY' },
    'a space behind': { status: 'healthy ' },
    'a name of every object': { status: 'constructor' },
    'no status': { state: 'healthy' },
    'a number': '7',
    'half a document': '{"status":"healthy"',
  })) {
    test(`${what} is none`, () => assert.equal(healthIn(body), 'INSTANCE_NOT_HEALTH'));
  }

  test('a redirect is followed by nobody, and who may not read is told apart', () => {
    assert.equal(healthIn({ status: 'healthy' }, { status: 302 }), 'INSTANCE_NOT_HEALTH');
    assert.equal(healthIn({}, { status: 401 }), 'INSTANCE_UNAUTHORIZED');
    assert.equal(healthIn({ status: 'healthy' }, { status: 403 }), 'INSTANCE_UNAUTHORIZED');
  });

  test('whatever comes, it is read or refused by a code', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), fc.integer({ min: 100, max: 599 }), (body, status) => {
        const reading = readResponse({ status, body }, 'portal', NOW_MS);
        if (typeof reading === 'string') assert.match(reading, /^INSTANCE_[A-Z_]+$/);
        else assert.ok(reading.codes.length <= 16);
      }),
    );
  });
});

describe('documents of others', () => {
  // As Spring Boot 3, ASP.NET Core and MicroProfile write them.
  for (const { what, body, format, health, status = 200 } of [
    {
      what: 'Actuator, up',
      body: { status: 'UP', groups: ['liveness'] },
      format: 'actuator',
      health: 'healthy',
    },
    {
      what: 'Actuator, down',
      body: { status: 'DOWN', components: {} },
      format: 'actuator',
      health: 'unhealthy',
      status: 503,
    },
    {
      what: 'Actuator, out of service',
      body: { status: 'OUT_OF_SERVICE' },
      format: 'actuator',
      health: 'unhealthy',
      status: 503,
    },
    { what: 'Actuator, unknown', body: { status: 'UNKNOWN' }, format: 'actuator', health: 'degraded' },
    {
      what: 'Actuator, a status of its own',
      body: { status: 'FATAL' },
      format: 'actuator',
      health: 'INSTANCE_NOT_HEALTH',
    },
    {
      what: 'the draft, pass',
      body: { status: 'pass', version: '1' },
      format: 'health+json',
      health: 'healthy',
    },
    { what: 'the draft, warn', body: { status: 'warn' }, format: 'health+json', health: 'degraded' },
    {
      what: 'the draft, fail',
      body: { status: 'fail' },
      format: 'health+json',
      health: 'unhealthy',
      status: 503,
    },
    { what: 'any URL', body: 'OK', format: 'status', health: 'healthy', status: 204 },
    { what: 'any URL, failing', body: 'OK', format: 'status', health: 'unhealthy', status: 500 },
    { what: 'any URL, redirecting', body: '', format: 'status', health: 'INSTANCE_NOT_HEALTH', status: 301 },
  ] as const) {
    test(what, () => assert.equal(healthIn(body, { format, status }), health));
  }

  const aspNet: Format = { pointer: '/status', healthy: ['Healthy'], degraded: ['Degraded'] };
  test('ASP.NET Core, by a pointer', () => {
    assert.equal(healthIn({ status: 'Healthy', results: {} }, { format: aspNet }), 'healthy');
    assert.equal(healthIn({ status: 'Degraded' }, { format: aspNet }), 'degraded');
    assert.equal(healthIn({ status: 'Unhealthy' }, { format: aspNet, status: 503 }), 'unhealthy');
    assert.equal(healthIn({ other: 'Healthy' }, { format: aspNet }), 'INSTANCE_NOT_HEALTH');
  });

  test('a truth value deep in a document', () => {
    const format: Format = { pointer: '/checks/0/ok~1now', healthy: ['true'], degraded: [] };
    assert.equal(healthIn({ checks: [{ 'ok/now': true }] }, { format }), 'healthy');
    assert.equal(healthIn({ checks: [{ 'ok/now': false }] }, { format }), 'unhealthy');
    assert.equal(healthIn({ checks: [{ 'ok/now': {} }] }, { format }), 'INSTANCE_NOT_HEALTH');
  });
});

describe('a JSON pointer', () => {
  test('finds what RFC 6901 says', () => {
    const document = { foo: ['bar', 'baz'], '': 0, 'a/b': 1, 'm~n': 8 };
    assert.deepEqual(
      ['/foo/1', '/', '/a~1b', '/m~0n', '/foo/2', '/__proto__'].map((pointer) => valueAt(document, pointer)),
      ['baz', 0, 1, 8, undefined, undefined],
    );
    assert.equal(valueAt(document, ''), document);
  });

  test('is told from what is none', () => {
    assert.deepEqual(['', '/a', 'a', '/a~2', '/~'].map(isPointer), [true, true, false, false, false]);
  });
});
