import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { createHealth } from '../src/health.js';
import type { Failure, StatusChange } from '../src/health-options.js';
import type { HealthSource, SourceProblem } from '../src/source-option.js';

/** A source of somebody's own: any object of the shape. */
function ownSource() {
  const listeners: (() => void)[] = [];
  const seen = { started: 0, closed: 0 };
  let known: { hash: string | null; problems: readonly SourceProblem[] } = { hash: null, problems: [] };
  const source: HealthSource = {
    async start() {
      seen.started += 1;
    },
    get hash() {
      return known.hash;
    },
    problems: () => known.problems,
    onChange: (listener) => void listeners.push(listener),
    async close() {
      seen.closed += 1;
    },
  };
  function learn(news: Partial<typeof known>): void {
    known = { ...known, ...news };
    for (const listener of listeners) listener();
  }
  return { source, learn, seen };
}

test('any object of the shape is a source: started, asked, followed and closed', async () => {
  const { source, learn, seen } = ownSource();
  const health = createHealth({ source });
  try {
    await health.start();
    assert.equal(seen.started, 1);
    assert.equal(health.report('admin').source_hash, null);

    learn({ hash: 'ab'.repeat(32) });
    assert.equal(health.report('admin').source_hash, 'ab'.repeat(32));
    assert.equal('source_hash' in health.report('public'), false);

    // Several are true at once, and what two of one kind say is said once, in the order of the catalogue.
    learn({
      problems: [
        { kind: 'unreadable', code: 'E_READ' },
        { kind: 'drifted', code: 'ANYTHING' },
        { kind: 'unreadable', code: 'E_SYMLINK' },
        { kind: 'loaded-differs', code: 'LOADED' },
      ],
    });
    const { status, errors } = health.report('public');
    assert.equal(status, 'degraded');
    assert.deepEqual(errors, [
      'The source on disk is not the source that was started (SOURCE_DRIFTED)',
      'The source in memory is not the source on disk (SOURCE_LOADED_DIFFERS)',
      'The source cannot be read (SOURCE_UNREADABLE)',
    ]);

    learn({ problems: [] });
    assert.deepEqual(health.report('public').errors, []);
  } finally {
    await health.close();
  }
  assert.equal(seen.closed, 1);
});

test('who listens hears each problem of the source when it is new, with its cause, and the change of the status', async () => {
  const { source, learn } = ownSource();
  const failures: Failure[] = [];
  const changes: StatusChange[] = [];
  const health = createHealth({
    source,
    onFailure: (failure) => failures.push(failure),
    onStatusChange: (change) => changes.push(change),
  });
  try {
    await health.start();
    const unreadable = {
      kind: 'unreadable',
      code: 'E_READ',
      message: 'E_READ . cannot be read (ENOENT)',
    } as const;
    learn({ problems: [unreadable] });
    learn({ problems: [unreadable, { kind: 'drifted', code: 'DRIFTED' }] });
    learn({ problems: [] });
    learn({ problems: [unreadable] });
    const cause = { code: 'E_READ', message: unreadable.message };
    const told = { name: 'source', problems: ['SOURCE_UNREADABLE'], remarks: [], cause };
    assert.deepEqual(failures, [
      told,
      { ...told, problems: ['SOURCE_DRIFTED'], cause: { code: 'DRIFTED', message: '' } },
      told,
    ]);
    assert.deepEqual(
      changes.map(({ from, to, codes }) => [from, to, codes]),
      [
        [null, 'healthy', []],
        ['healthy', 'degraded', ['SOURCE_UNREADABLE']],
        ['degraded', 'healthy', []],
        ['healthy', 'degraded', ['SOURCE_UNREADABLE']],
      ],
    );
  } finally {
    await health.close();
  }
});

test('the first status is said when the source is known, however late that is', async () => {
  const { source, learn } = ownSource();
  const changes: StatusChange[] = [];
  const health = createHealth({
    source: {
      ...source,
      async start() {
        await setTimeout(500);
        learn({ problems: [{ kind: 'mismatched', code: 'HASH' }] });
      },
    },
    checks: { quick: () => undefined },
    onStatusChange: (change) => changes.push(change),
  });
  try {
    await health.start();
    assert.deepEqual(
      changes.map(({ from, to }) => [from, to]),
      [[null, 'degraded']],
    );
  } finally {
    await health.close();
  }
});

test('a source that throws where it must not is a problem with a cause, and `start()` is kept all the same', async () => {
  const { source } = ownSource();
  const failing: readonly [string, Partial<HealthSource>][] = [
    ['ERR_INVALID_URL', { start: () => Promise.reject(failed('ERR_INVALID_URL')) }],
    ['ERR_WORKER_PATH', { start: () => toss('ERR_WORKER_PATH') }],
    ['EIO', { problems: () => toss('EIO') }],
  ];
  for (const [code, members] of failing) {
    const failures: Failure[] = [];
    const onFailure = (failure: Failure): void => void failures.push(failure);
    const health = createHealth({
      source: { ...source, ...members },
      checks: { mine: () => true },
      onFailure,
    });
    try {
      await health.start();
      assert.deepEqual(
        health.report('public').errors,
        ['The source cannot be read (SOURCE_UNREADABLE)'],
        code,
      );
      assert.deepEqual(
        failures.map(({ name, cause }) => [name, cause?.code]),
        [['source', code]],
      );
    } finally {
      await health.close();
    }
  }
  const secretive = Object.defineProperty({ ...source }, 'hash', { get: () => toss('EIO') });
  const health = createHealth({ source: secretive });
  await health.start();
  assert.equal(health.report('admin').source_hash, null);
  await health.close();
});

function failed(code: string): Error {
  return Object.assign(new Error(code), { code });
}

function toss(code: string): never {
  throw failed(code);
}
