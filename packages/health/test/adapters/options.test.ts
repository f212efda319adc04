/** What an adapter is told goes through one checker, whichever adapter it is (E-27, E-28). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHealth, type Health } from '../../src/index.js';
import { requestHttp1 } from './exchange.js';
import { FRAMEWORKS, type MountIn } from './mounting.js';

/** The port of its own takes the same options, but for one. */
const MOUNTS: Readonly<Record<string, MountIn>> = {
  ...FRAMEWORKS,
  'a port of its own': (health, options) =>
    health.listen({ port: 0, host: '127.0.0.1', ...(options as object) }),
};
/** An option of each adapter's own, which it names to whoever has misspelt one. */
const OWN: Readonly<Record<string, string>> = {
  Fastify: 'lifecycle',
  'Nest on Express': 'useFactory',
  'a port of its own': 'port',
};

const LIMIT = 'a positive number of milliseconds up to 2147483647';
const BAD: readonly (readonly [object, string])[] = [
  [{ viewr: () => 'admin' }, 'Expected the `viewr` option to be one of '],
  [{ pathes: {} }, 'Expected the `pathes` option to be one of '],
  [{ onMethodNotAlowed: () => undefined }, 'Expected the `onMethodNotAlowed` option to be one of '],
  [{ paths: { heath: '/x' } }, 'Expected the `paths.heath` option to be one of '],
  [{ paths: { livez: 'livez' } }, 'Expected the `paths.livez` option to begin with a slash, got "livez".'],
  [{ paths: '/health' }, 'Expected the `paths` option to be an object, got "/health".'],
  [{ prefix: 'internal' }, 'Expected the `prefix` option to begin with a slash, got "internal".'],
  [{ viewer: 'admin' }, 'Expected the `viewer` option to be a function, got "admin".'],
  [{ viewerDeadlineMs: 2 ** 31 }, `Expected the \`viewerDeadlineMs\` option to be ${LIMIT}, got 2147483648.`],
  [{ viewerDeadlineMs: '200' }, `Expected the \`viewerDeadlineMs\` option to be ${LIMIT}, got "200".`],
  [{ viewerDeadlineMs: Number.NaN }, `Expected the \`viewerDeadlineMs\` option to be ${LIMIT}, got NaN.`],
];

/** What is thrown when it is mounted so. Whatever runs all the same is closed. */
async function refusal(mount: MountIn, health: Health, options: object): Promise<unknown> {
  const app = await mount(health, options).catch((error: unknown) => ({ error }));
  if ('error' in app) return app.error;
  await app.close();
  return assert.fail(`${JSON.stringify(options)} was taken`);
}

for (const [name, mount] of Object.entries(MOUNTS)) {
  test(`${name}: what cannot be used is named, with its rule and value`, async () => {
    for (const [options, sentence] of BAD) {
      const health = createHealth({});
      try {
        const error = await refusal(mount, health, options);
        assert.ok(error instanceof TypeError && error.message.startsWith(sentence), String(error));
        if (sentence.endsWith('one of ') && !sentence.includes('.')) {
          for (const known of ['viewer', OWN[name] ?? 'prefix'])
            assert.ok(error.message.includes(`${known},`), known);
        }
      } finally {
        await health.close();
      }
    }
  });

  test(`${name}: the longest time that a timer can count is waited, and an administrator is one`, async () => {
    const warnings: string[] = [];
    const hear = ({ name: kind }: Error): void => void warnings.push(kind);
    process.on('warning', hear);
    const health = createHealth({});
    const app = await mount(health, { viewer: async () => 'admin', viewerDeadlineMs: 2 ** 31 - 1 });
    try {
      await health.start();
      assert.ok('source_hash' in JSON.parse((await requestHttp1(app.port, '/health')).body));
      await new Promise((resolve) => setImmediate(resolve));
      assert.ok(!warnings.includes('TimeoutOverflowWarning'), warnings.join(', '));
    } finally {
      process.off('warning', hear);
      await app.close();
      await health.close();
    }
  });
}

test('what an adapter takes besides is checked as well', async () => {
  const health = createHealth({});
  const fastify = FRAMEWORKS['Fastify'];
  const nest = FRAMEWORKS['Nest on Fastify'];
  const bad: [MountIn | undefined, object, string][] = [
    [fastify, { lifecycle: 'no' }, 'Expected the `lifecycle` option to be true or false, got "no".'],
    [fastify, { signals: true }, 'Expected the `signals` option to be an object, got true.'],
    [
      fastify,
      { signals: { graceMs: 2 ** 31 } },
      'Expected the `signals.graceMs` option to be a number of milliseconds from 0 to 2147483647, got 2147483648.',
    ],
    [nest, { inject: 'POOL' }, 'Expected the `inject` option to be a list, got "POOL".'],
    [
      nest,
      { shutdown: { graceMS: 5 } },
      'Expected the `shutdown.graceMS` option to be one of graceMs, deadlineMs, onClose, got "graceMS".',
    ],
    [nest, { useFactory: 'health' }, 'Expected the `useFactory` option to be a function, got "health".'],
  ];
  for (const [mount, options, message] of bad) {
    assert.ok(mount);
    const error = await refusal(mount, health, options);
    assert.deepEqual([error instanceof TypeError, (error as Error).message], [true, message]);
  }
  await health.close();
});
