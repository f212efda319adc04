/** What of a checkout counts as the source of the service. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { watchSource } from 'portal-integrity';
import { SCRATCH_FOLDER } from 'portal-test-kit/paths';
import { readConfig } from '../../src/config/env.js';

async function hashOf(root: string): Promise<string | null> {
  const source = watchSource({ root, exclude: readConfig({}).sourceExclude, watch: false });
  try {
    await source.start();
    return source.hash;
  } finally {
    await source.close();
  }
}

test('a package that is planted nearer to the code than the installed ones is another source', async () => {
  const root = mkdtempSync(join(SCRATCH_FOLDER, 'portal-installation-'));
  try {
    const write = (path: string) => {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), path);
    };
    for (const path of ['server/package.json', 'server/dist/src/main.js', 'server/src/main.ts']) write(path);
    const before = await hashOf(root);
    assert.match(String(before), /^[0-9a-f]{64}$/);
    for (const folder of ['.', 'server', 'server/dist', 'server/dist/src', 'health', 'shared/dist']) {
      write(join(folder, 'node_modules/pino/i.js'));
      assert.notEqual(await hashOf(root), before, folder);
      rmSync(join(root, folder, 'node_modules'), { recursive: true });
    }
    write('page/node_modules/.vite/x');
    write('server/src/node_modules/pino/i.js');
    assert.equal(await hashOf(root), before, 'what nothing imports that runs');
  } finally {
    rmSync(root, { recursive: true });
  }
});

test('the links that npm makes to the programs of a package are no part of the source, but the package is', async () => {
  const root = mkdtempSync(join(SCRATCH_FOLDER, 'portal-installation-'));
  try {
    for (const folder of ['dist/src', 'node_modules/marked', 'node_modules/.bin'])
      mkdirSync(join(root, 'server', folder), { recursive: true });
    writeFileSync(join(root, 'server/dist/src/main.js'), 'main');
    const program = join(root, 'server/node_modules/marked/marked.js');
    writeFileSync(program, 'program');
    const before = await hashOf(root);
    symlinkSync('../marked/marked.js', join(root, 'server/node_modules/.bin/marked'));
    assert.match(String(before), /^[0-9a-f]{64}$/);
    assert.equal(await hashOf(root), before);
    writeFileSync(program, 'another program');
    assert.notEqual(await hashOf(root), before);
  } finally {
    rmSync(root, { recursive: true });
  }
});
