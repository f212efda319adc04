import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { negotiate } from '../../src/http/negotiate.js';

const OFFERS = ['application/json', 'application/health+json'] as const;
const METRICS = ['text/plain', 'application/openmetrics-text'] as const;

test('the preferred type by q-value, the more precise range first, the first offer among equals', () => {
  const rows: [string | undefined, string][] = [
    [undefined, 'application/json'],
    ['', 'application/json'],
    ['*/*', 'application/json'],
    ['application/*', 'application/json'],
    ['application/health+json', 'application/health+json'],
    ['Application/Health+JSON', 'application/health+json'],
    ['application/health+json, application/json', 'application/json'],
    ['application/health+json;q=0.9, application/json;q=0.5', 'application/health+json'],
    ['application/health+json;q=0.5, application/json;q=0.9', 'application/json'],
    ['application/health+json ; q=0.5 , */* ; q=0.1', 'application/health+json'],
    ['application/json;q=0, */*', 'application/health+json'],
    ['application/health+json;q=0', 'application/json'],
    ['text/html', 'application/json'],
    ['application/health+json;q=2', 'application/json'],
    ['application/health+json;q=rubbish', 'application/json'],
    ['application/health+json;version=1;q=0.4, application/json;q=0.3', 'application/health+json'],
    [`${'a/b,'.repeat(2_000)}application/health+json`, 'application/json'],
    // The most that is looked at, and one more.
    [`${'a/b,'.repeat(15)}application/health+json`, 'application/health+json'],
    [`${'a/b,'.repeat(16)}application/health+json`, 'application/json'],
    [`application/health+json;x=${'y'.repeat(998)}`, 'application/health+json'],
    [`application/health+json;x=${'y'.repeat(999)}`, 'application/json'],
    ['application/json;q=0.5;q=1, application/health+json;q=0.6', 'application/health+json'],
  ];
  for (const [accept, expected] of rows) assert.equal(negotiate(accept, OFFERS), expected, accept);
});

test('what Prometheus sends gets OpenMetrics, what a browser or curl sends gets the older text', () => {
  const prometheus3 =
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2';
  assert.equal(negotiate(prometheus3, METRICS), 'application/openmetrics-text');
  assert.equal(negotiate('*/*', METRICS), 'text/plain');
  assert.equal(negotiate('text/html,application/xhtml+xml,*/*;q=0.8', METRICS), 'text/plain');
});

test('any header at all gets one of the offers', () => {
  fc.assert(fc.property(fc.string(), (accept) => assert.ok(OFFERS.includes(negotiate(accept, OFFERS)))));
});
