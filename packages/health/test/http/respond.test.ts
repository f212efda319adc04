/** What nobody watches can be told from what is down (E-13), in every format. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { respond, type HealthRequest } from '../../src/http/respond.js';
import type { Health } from '../../src/index.js';
import { withHealth } from '../with-health.js';

interface Formats {
  readonly document: Readonly<Record<string, unknown>>;
  /** Names of what health+json tells of, each with its status. */
  readonly checks: readonly string[];
  /** Of the metrics, the lines that say whether a part is up. */
  readonly metrics: readonly string[];
  readonly verbose: readonly string[];
}

function formatsOf(health: Health): Formats {
  const ask = (question: Partial<HealthRequest>): string =>
    respond(health, { endpoint: 'health', method: 'GET', ...question }, 'public').body;
  const { checks } = JSON.parse(ask({ accept: 'application/health+json' })) as {
    checks: Readonly<Record<string, readonly { readonly status: string }[]>>;
  };
  return {
    document: JSON.parse(ask({})) as Formats['document'],
    checks: Object.entries(checks).map(([name, [entry]]) => `${name.split(':')[0]} ${entry?.status}`),
    metrics: ask({ endpoint: 'metrics' }).match(/^portal_health_up\{.*$/gm) ?? [],
    verbose: ask({ endpoint: 'readyz', verbose: true }).trim().split('\n'),
  };
}

test('a critical check alone: the stores are null or absent, and the check is there by its name', async () => {
  await withHealth({ checks: { prisma: { check: () => true, critical: true } } }, async (health) => {
    const { document, checks, metrics, verbose } = formatsOf(health);
    const { status, database, cache, db_statistics: pool, errors } = document;
    assert.deepEqual([status, database, cache, errors], ['healthy', null, null, []]);
    assert.deepEqual([...new Set(Object.values(pool as object))], [null]);
    assert.deepEqual(
      [checks, metrics, verbose],
      [['prisma pass'], ['portal_health_up{part="prisma"} 1'], ['prisma up', 'ok']],
    );
  });
});

test('the same check, failing: unhealthy by its name, and the stores are as they were', async () => {
  await withHealth({ checks: { prisma: { check: () => false, critical: true } } }, async (health) => {
    const { document, checks, metrics, verbose } = formatsOf(health);
    assert.deepEqual(
      [document['status'], document['database'], document['cache'], document['errors']],
      ['unhealthy', null, null, ['prisma: A check of the application failed (CHECK_FAILED)']],
    );
    assert.deepEqual(
      [checks, metrics, verbose],
      [['prisma fail'], ['portal_health_up{part="prisma"} 0'], ['prisma down CHECK_FAILED', 'ok']],
    );
  });
});

test('a database that is down beside a cache that nobody watches: false and null', async () => {
  await withHealth({ database: { pool: () => undefined } }, async (health) => {
    const { document, checks, metrics, verbose } = formatsOf(health);
    assert.deepEqual([document['database'], document['cache']], [false, null]);
    assert.deepEqual(
      [checks, metrics, verbose],
      [
        ['database fail'],
        ['portal_health_up{part="database"} 0'],
        ['database down DATABASE_NOT_READY', 'ok'],
      ],
    );
  });
});
