/**
 * SECURITY.md claims nothing without the test that shows it.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const ROOT = new URL('../../../../', import.meta.url);
const document = readFileSync(new URL('SECURITY.md', ROOT), 'utf8');

/** The rows of the tables whose last column names tests. */
function claims(): readonly string[] {
  return document
    .split(/^## /m)
    .filter((section) => section.includes('| test |'))
    .flatMap((section) => section.split('\n').filter((line) => /^\| (?!---|attack \|)/.test(line)));
}

function linksIn(text: string): readonly string[] {
  return [...text.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(([, target = '']) => target);
}

test('every claim names a test, or a document that is written by one', () => {
  assert.ok(claims().length > 30);
  for (const claim of claims()) {
    const shown = linksIn(claim.split('|').at(-2) ?? '');
    assert.ok(shown.length > 0, claim);
    assert.ok(
      shown.some((target) => target.endsWith('.ts') || target === 'e2e/RESULTS.md'),
      claim,
    );
  }
});

test('every file that it names is there, and what it calls a test is one', () => {
  for (const target of new Set(linksIn(document))) {
    if (/^https?:/.test(target)) continue;
    const text = readFileSync(new URL(target, ROOT), 'utf8');
    if (target.endsWith('.ts')) assert.match(text, /\btest\(/, target);
  }
});
