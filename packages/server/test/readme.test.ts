/**
 * What the README says is what the service does.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { createHealth, PROBLEMS, verdict, type Effect, type VerdictInput, type State } from 'portal-health';
import { watchSource } from 'portal-integrity';
import { readConfig } from '../src/config/env.js';
import { settingsTable } from '../src/config/docs.js';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const readme = readFileSync(`${ROOT}README.md`, 'utf8');

test('docs/settings.md has the table of the schema', () => {
  const page = readFileSync(`${ROOT}docs/settings.md`, 'utf8');
  const [, table] = /<!-- settings -->\n\n([^]*)\n<!-- \/settings -->/.exec(page) ?? [];
  assert.equal(table, settingsTable());
});

test('it fits into what a tired operator reads', () => {
  const lines = readme.split('\n').length;
  assert.ok(lines <= 120, `${lines} lines`);
});

test('its shell line prints the number that the running service reports', async () => {
  const [, line] = /```sh\n(cd packages\n[^`]*sha256sum)\n```/.exec(readme) ?? [];
  assert.ok(line);
  const { stdout } = await promisify(execFile)('sh', ['-c', line], { cwd: ROOT });
  const { sourceRoot, sourceExclude } = readConfig({});
  const health = createHealth({ source: watchSource({ root: sourceRoot, exclude: sourceExclude }) });
  try {
    await health.start();
    assert.equal(stdout, `${String(health.report('admin').source_hash)}  -\n`);
  } finally {
    await health.close();
  }
});

test('its table of verdicts is what is computed, row by row', () => {
  const rows = [...readme.matchAll(/^\|([^|]*)\|([^|]*)\|([^|]*)\| (healthy|degraded|unhealthy) \|$/gm)];
  assert.equal(rows.length, 7);
  for (const [, critical = '', other = '', findings = '', status] of rows) {
    for (const criticalPart of partsOf(critical, true)) {
      for (const otherPart of partsOf(other, false)) {
        const said = `${critical} | ${other} | ${findings}`;
        assert.equal(verdict([...criticalPart, ...otherPart], effectsOf(findings)), status, said);
      }
    }
  }
});

/** A cell such as `down or stale`: the parts it stands for, one after the other; an empty one stands for none. */
function partsOf(cell: string, critical: boolean): VerdictInput[][] {
  const states = cell.match(/up|slow|limited|down|stale/g) as State[] | null;
  return states ? states.map((state) => [{ critical, state }]) : [[]];
}

function effectsOf(cell: string): Effect[] {
  if (cell.includes('degrades')) return ['degrades'];
  const code = /`([A-Z_]+)`/.exec(cell)?.[1];
  return code && Object.hasOwn(PROBLEMS, code) ? [PROBLEMS[code as keyof typeof PROBLEMS].effect] : [];
}
