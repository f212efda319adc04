import { deepEqual, equal, ok, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { createHealth, type Health } from '../../src/health.js';
import type { HealthOptions } from '../../src/health-options.js';
import { explainSettings } from '../../src/reasons/explain-options.js';

const POOL = { Client: Object, options: {}, totalCount: 0, idleCount: 0, waitingCount: 0 };

function made(options: unknown): Health {
  return createHealth(options as HealthOptions);
}

void test('nothing is explained unless it is asked for', async () => {
  const health = made({ database: { pool: POOL } });
  equal(health.isExplaining(), false);
  deepEqual(health.reasons('admin'), []);
  await health.close();
});

void test('before the start there is no reason, and for others never one', async () => {
  const health = made({ database: { pool: POOL, explain: true }, process: { explain: true } });
  ok(health.isExplaining());
  for (const viewer of ['admin', 'public', undefined] as const) {
    const reasons = health.reasons(viewer as 'public');
    deepEqual(reasons, []);
    ok(Object.isFrozen(reasons));
  }
  await health.close();
});

void test('what cannot be used is refused with option, rule and value', () => {
  const refused: readonly (readonly [unknown, RegExp])[] = [
    [{ explian: true }, /`database\.explain\.explian` option to be one of everyMs, /],
    [{ everyMs: 0 }, /`database\.explain\.everyMs` option to be a positive number of milliseconds/],
    [{ whileTroubledMs: 2 ** 31 }, /`database\.explain\.whileTroubledMs` option/],
    [{ connection: 'pooled' }, /`database\.explain\.connection` option to be fresh, kept or .*"pooled"/],
    // A URL can hold a password: it is never repeated.
    [{ connection: { connectionString: 7 } }, /got an object/],
    [{ holderAfterMs: '10s' }, /`database\.explain\.holderAfterMs` option/],
    [{ sites: 1 }, /`database\.explain\.sites` option to be true or false, got 1/],
    [{ describe: 'route' }, /`database\.explain\.describe` option to be true or a function/],
    [{ show: ['application', 'statement'] }, /`database\.explain\.show` option to be a list of /],
  ];
  for (const [explain, message] of refused) {
    throws(() => made({ database: { pool: POOL, explain } }), { name: 'TypeError', message });
  }
  throws(() => made({ cache: { client: null, explain: {} } }), /`cache\.explain` option to be true or false/);
  throws(() => made({ process: { explained: true } }), /`process\.explained` option to be one of explain/);
  throws(() => made({ databases: { a: { pool: POOL, explain: null } } }), /`databases\.a\.explain` option/);
});

void test('what is left out, or undefined, has its default', () => {
  equal(explainSettings(undefined), undefined);
  equal(explainSettings(false), undefined);
  const settings = explainSettings({ holderAfterMs: 2_000, sites: undefined } as { holderAfterMs: number });
  equal(settings?.holderAfterMs, 2_000);
  equal(settings.sites, false);
  equal(settings.everyMs, 15_000);
  deepEqual(explainSettings(true)?.show, ['application', 'role']);
});
