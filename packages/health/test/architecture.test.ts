import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as portalHealth from '../src/index.js';

/**
 * Prints which public modules of Node come with the library to whoever has a server already. Everybody has `node:fs`; to
 * import it reads streams too, and is known by that.
 */
const WHAT_COMES_WITH_IT = `
  import { createServer } from 'node:http';
  import { builtinModules } from 'node:module';
  createServer();
  performance.now();
  const before = new Set(process.moduleLoadList);
  for (const url of process.argv.slice(1)) await import(url);
  const come = process.moduleLoadList.filter((name) => !before.has(name)).map((name) => name.split(' ')[1]);
  console.log(JSON.stringify(come.filter((name) => builtinModules.includes(name) || name === 'internal/fs/streams')));
`;

test('to import the library reads no part of Node that an HTTP server has not read, such as cryptography', () => {
  const library = ['index.js', 'adapters/node.js', 'checks.js'].map(
    (file) => new URL(`../src/${file}`, import.meta.url).href,
  );
  const args = ['--input-type=module', '--eval', WHAT_COMES_WITH_IT, ...library];
  assert.deepEqual(
    JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 })),
    [],
  );
});

test('the public names are these; a change here is a change for everybody who embeds us', () => {
  assert.deepEqual(Object.keys(portalHealth).toSorted(), [
    'DEFAULTS',
    'PROBLEMS',
    'REASON_CODES',
    'bearerToken',
    'createHealth',
    'isUp',
    'reasonsDocument',
    'respond',
    'verdict',
  ]);
});

/** Every compiled file that comes with `file`, as the import statements say. */
function comesWith(file: URL, found = new Set<string>()): ReadonlySet<string> {
  if (found.has(file.href)) return found;
  found.add(file.href);
  const imports = readFileSync(file, 'utf8').matchAll(/^(?:import|export)\s[^;]*?from '(\.[^']+)'/gm);
  for (const [, path = ''] of imports) comesWith(new URL(path, file), found);
  return found;
}

test('what looks for reasons is loaded only where it is wanted', () => {
  const loaded = new Set<string>();
  for (const file of ['index.js', 'adapters/node.js'])
    comesWith(new URL(`../src/${file}`, import.meta.url), loaded);
  assert.ok([...loaded].some((file) => file.endsWith('/src/health.js')));
  const reasons = [...loaded].flatMap((file) => /\/src\/reasons\/(.*)$/.exec(file)?.[1] ?? []);
  assert.deepEqual([...new Set(reasons)].toSorted(), ['explain-options.js', 'reason-codes.js']);
});
