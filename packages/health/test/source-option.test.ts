import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHealth } from '../src/health.js';
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
