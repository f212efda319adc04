import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { resolveBelow } from '../../src/cli/process-root.js';
import { withTree } from '../trees.js';

test('links are followed from the root of the process and not from ours', () =>
  withTree({ 'releases/7/main.js': 'x', 'etc/passwd': 'theirs' }, (root) => {
    const link = (target: string, path: string): void => symlinkSync(target, join(root, path));
    link('/releases/7', 'current');
    link('../releases', 'etc/releases');
    link('/current', 'latest');
    link('../../../../../../etc', 'out');
    link('loop', 'loop');
    const cases: readonly [string, string][] = [
      ['/releases/7', '/releases/7'],
      ['/current', '/releases/7'],
      ['/latest/main.js', '/releases/7/main.js'],
      ['/etc/releases/7', '/releases/7'],
      ['/releases/./7/../7//main.js', '/releases/7/main.js'],
      // Above the root is the root.
      ['/../../etc/passwd', '/etc/passwd'],
      ['/out/passwd', '/etc/passwd'],
      ['/', '/'],
    ];
    for (const [path, expected] of cases) assert.equal(resolveBelow(root, path), expected, path);
    assert.throws(
      () => resolveBelow(root, '/loop'),
      /^InconclusiveError: \/loop leads through too many links\.$/,
    );
    assert.throws(() => resolveBelow(root, '/absent'), { code: 'ENOENT' });
  }));
