/**
 * No document says to fetch by name what has not been published: anyone could publish something by that name.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';

const ROOT = fileURLToPath(new URL('../../../../../', import.meta.url));
/** What npm would ask a registry for: a name, not a path, and not with `--no`, which says never to ask. */
const FETCHED =
  /\b(?:npx|npm (?:i|add|install|exec|init|create))(?: -(?!-no\b)\S+)* (?!--no\b)(portal[\w-]*)/g;

function fetchedIn(text: string): readonly string[] {
  return [...text.matchAll(FETCHED)].map(([command]) => command);
}

test('what is looked for is found', () => {
  assert.deepEqual(
    fetchedIn(
      'npm install portal-health; npx --yes portal-server serve; npm i -g portal; npx --no portal list; npm i ./portal-1.tgz',
    ),
    ['npm install portal-health', 'npx --yes portal-server', 'npm i -g portal'],
  );
});

test('no document, example or file to deploy fetches one of our names', () => {
  const files = execFileSync('git', ['ls-files', '*.md', '*.mjs', 'deploy', '.github'], {
    cwd: ROOT,
    encoding: 'utf8',
  })
    .trim()
    .split('\n');
  assert.ok(files.includes('README.md') && files.includes('deploy/docker/Dockerfile'));
  for (const file of files) assert.deepEqual(fetchedIn(readFileSync(ROOT + file, 'utf8')), [], file);
});
